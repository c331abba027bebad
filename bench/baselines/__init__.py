"""What the parts can do that the server is made of, when they do nothing else: processes of their own."""
