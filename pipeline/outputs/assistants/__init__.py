"""What assistants may ask: a server of the Model Context Protocol over standard input and output.

* `tools`: the questions; each is one method, and nothing of it can write.
* `server`: hands them to the protocol's own package, `mcp`.
"""
