"""What people say about a plan beside its file: fields, documents, and what becomes of both at the next delivery."""
