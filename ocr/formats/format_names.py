"""The names of the output formats, for help texts: the table of formats itself loads everything that writes them."""

FORMAT_NAMES = ("json", "jsonl", "md", "txt", "alto", "page", "hocr", "html", "docx", "csv", "xlsx", "pdf")
"""In the order in which files are written; `ocr.formats.writers.FORMATS` has a format for each."""
