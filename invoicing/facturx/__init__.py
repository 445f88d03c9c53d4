"""Documents as PDF/A-3 with Factur-X: facts frozen at issue, XML, checks, page, and reading what others send.

``facts`` freezes, ``document`` reads what is frozen, ``cii`` and ``page`` write it twice from that one reading,
``checks`` proves the XML, ``joined`` puts both into one file. ``reading`` goes the other way.
"""
