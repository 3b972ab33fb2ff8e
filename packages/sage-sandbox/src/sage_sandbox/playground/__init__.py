"""The playground bank: a provider of the sandbox's own, so that a product can be tried with nothing else running.

It knows the sandbox as every provider does: by credentials, by its Provider API over HTTP, and by what it is told at
its four callbacks. Of the sandbox's insides it shares the process, the clock and the file alone.
"""
