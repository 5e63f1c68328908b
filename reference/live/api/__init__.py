"""The API over HTTP: jobs as resources, and under the names that the predecessor's clients call.

The one idea: HTTP is translated here and nothing is decided. What people may do is
``job_service``; each module turns one kind of request into a call of it, or one kind of
error into an answer.
"""
