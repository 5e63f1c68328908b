"""Web admin: the pages on which people keep jobs and watch them.

    routes     the pages: each calls what the API calls
    job_list   the list of jobs; jobs: a job, its forms and buttons; watch: runs, messages, cluster
    runs       runs as rows of a table; picture: as bars over time
    login      logging in and out; viewer: what that person may do, and the tokens of forms
    forms      the fields of a form as the fields of a definition, and back
    preview    a definition in words, and its next instants
    render     templates, and the headers of a page

The pages add no logic, and work without JavaScript.
"""
