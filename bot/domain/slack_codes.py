"""Slack's error codes for what the bot says: what follows from each, who can mend it, and how.

All that chat.postMessage and chat.update are documented to answer, and a few that others have seen. A code
that isn't here is tried some times, and then explained as new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Course(StrEnum):
    """What the bot does after a refusal."""

    WAIT = "wait"  # it passes, or whoever runs the bot mends it: the same message is tried for a day
    MEND = "mend"  # a person has to mend something in Slack: no card now; the requester is told elsewhere
    GONE = "gone"  # the message, or the card that it belongs to, no longer exists
    NEVER = "never"  # the same message will never be taken
    UNKNOWN = "unknown"  # tried some times, then given up


class Mender(StrEnum):
    """Who can mend it."""

    TIME = "nobody: it passes by itself"
    MEMBER = "anybody in the channel"
    ADMIN = "an admin of the workspace, or a manager of the channel"
    RUNNER = "whoever runs vpn-bot"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackRefusal:
    """Why Slack didn't take something: `title` without a full stop, then whole sentences.

    mend: what mends it. again: what to do then, where that was the card; where it was an outcome or an
    announcement, nobody is to ask again.
    """

    course: Course
    mender: Mender
    title: str
    meaning: str
    mend: str
    again: str = ""

    @property
    def next_step(self) -> str:
        """What to do where the card could not be posted."""
        return f"{self.mend} {self.again}".strip()


_ANOTHER = "Or ask again in another channel."
_Row = tuple[Course, Mender, str, str, str, *tuple[str, ...]]
_TABLE: Mapping[str, _Row] = {
    "not_in_channel channel_not_found": (
        Course.MEND,
        Mender.MEMBER,
        "vpn-bot isn't in that channel",
        "Slack lets a bot speak only where it was invited, and never in a direct message between people.",
        "Type /invite @vpn-bot in the channel.",
        "Then ask again.",
    ),
    "no_permission": (
        Course.MEND,
        Mender.MEMBER,
        "vpn-bot may not speak in that channel",
        "Slack says so where a bot isn't in the channel, or where its app lacks a permission.",
        "Type /invite @vpn-bot in the channel; else whoever runs vpn-bot checks its scopes.",
        "Then ask again.",
    ),
    "is_archived is_inactive channel_is_frozen": (
        Course.MEND,
        Mender.MEMBER,
        "The channel is archived",
        "Nothing can be written or changed in an archived, frozen or deleted channel.",
        "Unarchive the channel.",
        _ANOTHER,
    ),
    "restricted_action restricted_action_read_only_channel": (
        Course.MEND,
        Mender.ADMIN,
        "Who may post in that channel is restricted",
        "The settings of the workspace or of the channel don't let vpn-bot post there.",
        "Have an admin or the channel's manager let vpn-bot post there.",
        _ANOTHER,
    ),
    "restricted_action_thread_only_channel": (
        Course.MEND,
        Mender.ADMIN,
        "That channel takes replies only",
        "A card is a message of its own, and the channel's settings allow only replies in threads.",
        "Have the channel's manager allow messages outside of threads.",
        _ANOTHER,
    ),
    "restricted_action_non_threadable_channel": (
        Course.MEND,
        Mender.ADMIN,
        "That channel takes no replies",
        "The undo kit and the outcome belong in the card's thread, and the channel's settings allow none.",
        "Have the channel's manager allow threads.",
        _ANOTHER,
    ),
    "restricted_action_thread_locked thread_locked cannot_reply_to_message": (
        Course.MEND,
        Mender.ADMIN,
        "The card's thread is locked",
        "Slack takes no reply to the card, so its thread can't be told anything.",
        "Have an admin or the channel's manager unlock the thread.",
    ),
    "ekm_access_denied": (
        Course.MEND,
        Mender.ADMIN,
        "Posting is suspended for that channel",
        "Admins have suspended it with the workspace's own encryption keys.",
        "Ask the admins of the workspace when it ends.",
    ),
    "access_denied accesslimited enterprise_is_restricted team_access_not_granted": (
        Course.MEND,
        Mender.ADMIN,
        "The workspace doesn't let vpn-bot in",
        "The app isn't approved for that workspace or organization, or not from this network.",
        "Have an admin of the workspace approve the app, and its network, for that workspace.",
    ),
    "messages_tab_disabled": (
        Course.MEND,
        Mender.RUNNER,
        "vpn-bot can't be written to directly",
        "The Messages tab of the app is switched off, and direct messages are shown there.",
        "Whoever runs vpn-bot switches it on under App Home, as its manifest.yml has it.",
    ),
    "cannot_dm_bot user_disabled user_not_found user_not_visible user_is_restricted": (
        Course.NEVER,
        Mender.NOBODY,
        "That person can't be written to",
        "The account is a bot's, is deactivated, or can't be seen by vpn-bot.",
        "The history has what was to be said.",
    ),
    "invalid_auth not_authed account_inactive token_revoked token_expired two_factor_setup_required": (
        Course.WAIT,
        Mender.RUNNER,
        "Slack doesn't accept vpn-bot's token",
        "The token is wrong, expired or revoked, or is used from an address that isn't allowed.",
        "Whoever runs vpn-bot sets SLACK_BOT_TOKEN to the app's token of now, and starts it again.",
    ),
    "missing_scope": (
        Course.WAIT,
        Mender.RUNNER,
        "vpn-bot's app lacks a permission",
        "The token doesn't have a scope that this takes.",
        "Whoever runs vpn-bot compares the app's scopes with manifest.yml, and installs it again.",
    ),
    "not_allowed_token_type": (
        Course.MEND,
        Mender.RUNNER,
        "Slack doesn't take this kind of token",
        "SLACK_BOT_TOKEN isn't a bot token.",
        "Whoever runs vpn-bot sets SLACK_BOT_TOKEN to the xoxb-… token of the app.",
    ),
    "ratelimited rate_limited message_limit_exceeded": (
        Course.WAIT,
        Mender.TIME,
        "Slack asks for a pause",
        "Too many messages were posted within a short time, by vpn-bot or in the whole workspace.",
        "Nothing: vpn-bot tries again by itself.",
    ),
    "internal_error fatal_error service_unavailable request_timeout update_failed": (
        Course.WAIT,
        Mender.TIME,
        "Slack has a fault of its own just now",
        "Slack could not do it, and it isn't always certain that it didn't.",
        "Nothing: vpn-bot looks and tries again by itself. Slack's status page may say more.",
    ),
    "external_channel_migrating team_added_to_org org_login_required streaming_state_conflict": (
        Course.WAIT,
        Mender.TIME,
        "Slack is moving the channel or the workspace",
        "While something is being moved or written there, nothing can be said.",
        "Nothing: vpn-bot tries again by itself.",
    ),
    "message_not_found thread_not_found": (
        Course.GONE,
        Mender.NOBODY,
        "The card was deleted in Slack",
        "The card, or a message in its thread, no longer exists there.",
        "Nothing can be said there any more.",
        "Ask again if the deletion is still wanted.",
    ),
    "cant_update_message": (
        Course.GONE,
        Mender.NOBODY,
        "The card isn't vpn-bot's to change any more",
        "Slack says so where a message was deleted within a thread, or was posted by another app.",
        "Nothing can be said there any more.",
        "Ask again if the deletion is still wanted.",
    ),
    "edit_window_closed": (
        Course.NEVER,
        Mender.ADMIN,
        "Slack lets nobody change a message that old",
        "The workspace's settings close the editing of messages after some time.",
        "Have an admin of the workspace allow the editing of messages, at least for apps.",
    ),
    "slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked "
    "slack_connect_lists_sharing_blocked slack_connect_clip_sharing_blocked "
    "slack_connect_blocked_file_type": (
        Course.NEVER,
        Mender.ADMIN,
        "Slack Connect doesn't take what is in that message",
        "An admin has switched off that kind of content in channels that are shared with others.",
        "Have an admin allow it there.",
        _ANOTHER,
    ),
    "msg_too_long msg_blocks_too_long no_text too_many_attachments too_many_contact_cards "
    "attachment_payload_limit_exceeded invalid_attachments invalid_blocks invalid_blocks_format "
    "block_mismatch invalid_metadata_format invalid_metadata_schema metadata_too_large "
    "metadata_must_be_sent_from_app markdown_text_conflict cant_broadcast_message "
    "no_dual_broadcast_content_update": (
        Course.NEVER,
        Mender.RUNNER,
        "vpn-bot's message isn't as Slack takes them",
        "That is a fault of vpn-bot's own: what it wrote is too long, or not well formed.",
        "Whoever runs vpn-bot looks into its log, and reports the fault.",
    ),
    "as_user_not_supported duplicate_channel_not_found duplicate_message_not_found invalid_arg_name "
    "invalid_arguments invalid_array_arg invalid_charset invalid_form_data invalid_post_type "
    "missing_post_type deprecated_endpoint method_deprecated unknown_method team_not_found "
    "channel_type_not_supported": (
        Course.NEVER,
        Mender.RUNNER,
        "vpn-bot's call isn't as Slack takes them",
        "That is a fault of vpn-bot's own, or Slack has changed its API.",
        "Whoever runs vpn-bot looks for a newer version of it, and reports the fault.",
    ),
}
SLACK_CODES: Mapping[str, SlackRefusal] = {
    code: SlackRefusal(
        course=row[0], mender=row[1], title=row[2], meaning=row[3], mend=row[4], again=" ".join(row[5:])
    )
    for codes, row in _TABLE.items()
    for code in codes.split()
}
NEW_TO_THE_BOT = SlackRefusal(
    course=Course.UNKNOWN,
    mender=Mender.RUNNER,
    title="Slack refused, with a code that is new to this bot",
    meaning="vpn-bot tried it some times, and Slack did not take it.",
    mend="Look the code up in Slack's API documents; whoever runs vpn-bot finds more in its log.",
)


def slack_refusal(code: str) -> SlackRefusal:
    """What follows from one of Slack's codes."""
    return SLACK_CODES.get(code, NEW_TO_THE_BOT)
