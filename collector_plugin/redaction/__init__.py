"""Take out of an export request what must not be stored, before it is: nothing behind the receivers ever sees it.

builtin.py   patterns that can be switched on by name
rules.py     the file that says what is taken out
text.py      one text: plain, or JSON at any depth
request.py   all texts of a request
cut.py       values that are too long
scrub.py     both, as the receivers use them, and their counts
"""
