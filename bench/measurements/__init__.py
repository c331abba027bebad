"""One measurement a module: each has `async def run(options, report)`."""
