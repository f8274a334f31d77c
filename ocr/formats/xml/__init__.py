"""Output formats that archives take: ALTO, PAGE XML and hOCR, one module each."""
