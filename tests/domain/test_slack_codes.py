"""Slack's error codes for chat.postMessage and chat.update: what the bot does, and who can mend it."""

import pytest

from bot.domain.explain import CodeKind, explain
from bot.domain.slack_codes import NEW_TO_THE_BOT, SLACK_CODES, Course, Mender, slack_refusal

# As documented for chat.postMessage and chat.update (2026-11), with a few that others have met.
WAITED_FOR = {
    Mender.TIME: (
        "ratelimited rate_limited message_limit_exceeded internal_error fatal_error service_unavailable "
        "request_timeout update_failed external_channel_migrating team_added_to_org org_login_required "
        "streaming_state_conflict"
    ),
    Mender.RUNNER: (
        "invalid_auth not_authed account_inactive token_revoked token_expired two_factor_setup_required "
        "missing_scope"
    ),
}
MENDED = {
    Mender.MEMBER: "not_in_channel channel_not_found no_permission is_archived is_inactive channel_is_frozen",
    Mender.ADMIN: (
        "restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel "
        "restricted_action_non_threadable_channel restricted_action_thread_locked thread_locked "
        "cannot_reply_to_message ekm_access_denied access_denied accesslimited enterprise_is_restricted "
        "team_access_not_granted"
    ),
    Mender.RUNNER: "messages_tab_disabled not_allowed_token_type",
}
GONE = {Mender.NOBODY: "message_not_found thread_not_found cant_update_message"}
NEVER = {
    Mender.NOBODY: "cannot_dm_bot user_disabled user_not_found user_not_visible user_is_restricted",
    Mender.ADMIN: (
        "edit_window_closed slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked "
        "slack_connect_lists_sharing_blocked slack_connect_clip_sharing_blocked "
        "slack_connect_blocked_file_type"
    ),
    Mender.RUNNER: (
        "msg_too_long msg_blocks_too_long no_text too_many_attachments too_many_contact_cards "
        "attachment_payload_limit_exceeded invalid_attachments invalid_blocks invalid_blocks_format "
        "block_mismatch invalid_metadata_format invalid_metadata_schema metadata_too_large "
        "metadata_must_be_sent_from_app markdown_text_conflict cant_broadcast_message "
        "no_dual_broadcast_content_update as_user_not_supported duplicate_channel_not_found "
        "duplicate_message_not_found invalid_arg_name invalid_arguments invalid_array_arg invalid_charset "
        "invalid_form_data invalid_post_type missing_post_type deprecated_endpoint method_deprecated "
        "unknown_method team_not_found channel_type_not_supported"
    ),
}
TABLE = {
    code: (course, mender)
    for course, by_mender in {
        Course.WAIT: WAITED_FOR,
        Course.MEND: MENDED,
        Course.GONE: GONE,
        Course.NEVER: NEVER,
    }.items()
    for mender, codes in by_mender.items()
    for code in codes.split()
}
INVITE = {"not_in_channel", "channel_not_found", "no_permission"}


@pytest.mark.parametrize("code", TABLE)
def test_every_documented_code_has_its_course_and_its_mender(code: str) -> None:
    """What is done after it, and who can mend it, is decided for each."""
    refusal = slack_refusal(code)
    assert (refusal.course, refusal.mender) == TABLE[code]


def test_the_table_here_and_the_one_in_the_code_hold_the_same_codes() -> None:
    """A code that is added there is decided on here too."""
    assert set(SLACK_CODES) == set(TABLE)


@pytest.mark.parametrize("code", [*TABLE, "new_to_us"])
def test_a_code_is_explained_as_slacks_in_whole_sentences(code: str) -> None:
    """Never as the cloud's, never with the advice to invite a bot that is there."""
    explanation = explain(code, CodeKind.SLACK)
    assert 0 < len(explanation.title) <= 60
    assert not explanation.title.endswith(".")
    for sentence in (explanation.meaning, explanation.next_step):
        assert 20 < len(sentence) <= 200
        assert sentence[-1] == "."
    assert "cloud" not in explanation.title
    assert ("/invite" in explanation.next_step) == (code in INVITE)
    assert not set("&<>*`~") & set(explanation.title + explanation.meaning + explanation.next_step)


def test_an_unknown_code_is_tried_some_times_and_said_to_be_new() -> None:
    """It may pass, and it may not."""
    assert slack_refusal("new_to_us") is NEW_TO_THE_BOT
    assert NEW_TO_THE_BOT.course is Course.UNKNOWN
    assert "new to this bot" in explain("new_to_us", CodeKind.SLACK).title
    assert "The cloud" not in explain("new_to_us", CodeKind.SLACK).title
