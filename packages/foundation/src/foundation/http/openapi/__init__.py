"""The OpenAPI document: what routes declare, and what is derived from the rest of the service.

Bodies, queries and problems are read and written by our own code, of which FastAPI knows nothing, so each route
declares them with the functions of `operations` or `resources`. `document` makes the whole of it.
"""
