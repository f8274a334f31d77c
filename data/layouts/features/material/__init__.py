"""Material that features insert into the body of a page: text, lists, tables, forms."""
