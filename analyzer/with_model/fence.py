"""Put what strangers wrote between tags that it cannot close.

The tag's name is the hash of what stands between: to write the closing tag into a conversation one would have to know
the hash of a text that holds that very tag. It has nothing random in it, so that the same conversation is the same
question, and answers can be kept by content. Text that merely resembles a tag is hidden before (see `redact`).
"""

import hashlib


def fence(kind: str, text: str) -> tuple[str, str]:
    """The name of the tag and the text between its two tags.

    Args:
        kind: what is fenced: `transcript`, `claims` or `surroundings`.
        text: with look-alikes hidden.
    """
    digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=6).hexdigest()
    name = f"{kind}-{digest}"
    return name, f"<{name}>\n{text}\n</{name}>"
