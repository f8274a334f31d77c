"""Make the specialist: from any vision-language model to one that reads Portuguese pages."""
