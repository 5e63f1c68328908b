"""The API over HTTP: jobs as resources, and the services that the predecessor's clients call.

The one idea: the API translates HTTP, and decides nothing. ``job_service`` carries out requests;
each other module turns one kind of request into a call of it, or one kind of error into an answer.
"""
