"""Every exception of ours.

BotError
├── BadSettings          the environment, .env or secrets directory can't be used
├── BadCommand           the text after /vpn can't be read; carries the sentence for the person
├── BadPayload           what Slack sent isn't as it documents it; carries the field's name
├── CloudError           a Tencent Cloud call gave no value
│   ├── Refused          the cloud answered with an error code: it did not do it
│   ├── NotSent          the request surely never arrived
│   └── OutcomeUnknown   it may or may not have been done: look before doing it again
├── NoUndoKit            what the cloud shows isn't enough to make the tunnel again
├── LedgerError
│   ├── LedgerFailed           the database failed
│   │   ├── LedgerUnavailable  it can't be read or written now: nothing was done
│   │   └── LedgerUnclear      the answer to COMMIT was lost: it may have been done
│   └── LeaseLost              another worker has taken this row over: write nothing more
└── SlackError           a message could not be said
    ├── CannotPost       the bot may not post in this channel
    ├── MessageGone      the message to be changed, or the thread's root, no longer exists
    ├── SlowDown         Slack asks for a pause
    ├── PostFailed       Slack surely did not take it
    └── PostUnclear      it may have been said: read the channel before saying it again
"""


class BotError(Exception):
    """The root of the tree: catch it to catch everything of ours."""


class BadSettings(BotError):
    """A setting is missing or can't be read; the message is a sentence for whoever starts the bot."""


class BadCommand(BotError):
    """The text after /vpn can't be read; the message is a private sentence for the person who typed it."""


class BadPayload(BotError):
    """What Slack sent isn't as it documents it; the message is the path of the field."""


class CloudError(BotError):
    """A Tencent Cloud call that gave no value.

    code: the cloud's error code, or ours for what went wrong on the way; None where nothing is known.
    reason: what was seen, in a few words of ours that may be logged and shown; "" where the code says it all.
    request_id: the cloud's, where it answered.
    """

    code: str | None = None
    reason: str = ""
    request_id: str | None = None


class Refused(CloudError):
    """The cloud answered with an error code.

    Error codes are listed in `bot.domain.explain`; `message` is the cloud's own text, foreign and unescaped.
    """

    code: str

    def __init__(self, code: str, message: str, request_id: str | None) -> None:
        super().__init__(f"{code} (RequestId {request_id})")
        self.code = code
        self.message = message
        self.request_id = request_id


class NotSent(CloudError):
    """The request surely never arrived: it may be sent again."""

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class OutcomeUnknown(CloudError):
    """The request may have been carried out. One that only looks changes nothing, carried out or not."""

    def __init__(self, reason: str, *, code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.request_id = request_id


class NoUndoKit(BotError):
    """What the cloud shows of a tunnel isn't enough to make it again; the message says what is missing."""


class LedgerError(BotError):
    """The ledger could not do what was asked of it."""


class LedgerFailed(LedgerError):
    """The database failed; what that means for what was asked of it, the two kinds say."""


class LedgerUnavailable(LedgerFailed):
    """The database can't be read or written now; surely nothing was done."""


class LedgerUnclear(LedgerFailed):
    """The database was told to commit, and how that ended isn't known: look before doing it again."""


class LeaseLost(LedgerError):
    """Another worker holds the row now; what this one was about to write was not written."""


class SlackError(BotError):
    """A message could not be said; `code` is Slack's own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CannotPost(SlackError):
    """The bot may not post in this channel; a person has to change something first."""


class MessageGone(SlackError):
    """The message that was to be changed, or the root of the thread, no longer exists in Slack."""


class SlowDown(SlackError):
    """Slack asks for a pause of `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("ratelimited")
        self.retry_after_s = retry_after_s


class PostFailed(SlackError):
    """Slack surely did not take the message; it may be said again."""


class PostUnclear(SlackError):
    """The message may have been said; read the channel before saying it again."""
