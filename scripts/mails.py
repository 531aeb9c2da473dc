"""Keeps the mails of the local stack in a file, because a message that was read is gone."""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.mailbox import Alert, Mailbox


class Mails:
    """The mails of the stacks' topics since the first Mails of them was made."""

    def __init__(self, client: Callable[[str], Any], topics: Mapping[str, str], path: Path) -> None:
        """Subscribe a queue to each topic.

        topics: their ARNs by channel; path: the file, which may not exist yet.
        """
        self._mailboxes = {
            channel: Mailbox(client, topic, f"local-{channel}-mails")
            for channel, topic in topics.items()
        }
        path.touch()
        self._path = path
        self._read = 0

    def new(self) -> Iterator[str]:
        """Yield each mail that was not yielded before, as text, in the order of sending."""
        with self._path.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # another process may collect them, too
            file.seek(0, 2)
            for channel, mailbox in self._mailboxes.items():
                for alert in mailbox.new():
                    file.write(json.dumps(_record(channel, alert)) + "\n")
                    file.flush()
            file.seek(self._read)
            lines = file.readlines()
            self._read = file.tell()
        for mail in sorted(map(json.loads, lines), key=lambda mail: str(mail["sentAt"])):
            sent = mail["sentAt"][:19].replace("T", " ")
            yield (
                f"{sent} UTC, {mail['channel']} channel\n"
                f"Subject: {mail['subject']}\n\n{mail['text']}\n"
            )


def _record(channel: str, alert: Alert) -> dict[str, str]:
    return {
        "channel": channel,
        "sentAt": alert.sent_at,
        "subject": alert.subject,
        "text": alert.text,
    }
