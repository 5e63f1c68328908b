"""The services of Zato's scheduler, for Zato's clients (API-13).

forms     the requests and the answers
reading   Zato's conventions for the values of a request
services  the services: a function from a request to an answer
routes    the three paths on which clients invoke them
"""
