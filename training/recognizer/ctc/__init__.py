"""Train a network that reads lines with connectionist temporal classification (CTC), and judge what it reads."""
