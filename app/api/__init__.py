"""The rules that all of the JSON API keeps, each in one module; the routes in `app/routes/api/` are made of them.

- `callers`: who asks, by a token with scopes or by the session of a browser, how often, and what they may do.
- `bodies`: JSON read strictly into the same forms that pages send; `files`: bodies that are a file.
- `answers`, `staff_answers`, `job_answers`: what is answered, as explicit classes.
- `replies`: one thing with its `ETag`, or a page of a list with its `Link`.
- `versions`: `If-Match`, so that nobody overwrites what they have not seen.
- `idempotency`: `Idempotency-Key`, so that what is sent twice happens once.
- `routing`: what each request passes; `openapi`: the description of all of it.
- `streams`: what goes on after its answer; `chunks`: what a model writes, in the form that programs know.

Errors are raised as everywhere and become problem JSON (RFC 9457) in `app/error_pages.py`.
"""
