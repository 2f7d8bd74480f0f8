"""A naive deletion bot as the peer: it stores nothing and calls the cloud, by its SDK, in the listener."""

# The SDK has no types, and `make check` runs where it isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

import os
from typing import Any

from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.vpc.v20170312.models import DeleteVpnConnectionRequest
from tencentcloud.vpc.v20170312.vpc_client import VpcClient

app = App(client=WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))
scheme, _, endpoint = os.environ["VPN_BOT_VPC_ENDPOINT"].partition("://")
cloud = VpcClient(
    Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"]),
    os.environ["TENCENTCLOUD_REGION"],
    ClientProfile(httpProfile=HttpProfile(protocol=scheme, endpoint=endpoint)),
)


@app.command("/vpn")
def offer(ack: Ack, say: Say, command: dict[str, Any]) -> None:
    """Answer with a card whose button holds the ids."""
    ack()
    ids = command["text"].removeprefix("delete ")
    button = {
        "type": "button",
        "action_id": "confirm_deletion",
        "text": {"type": "plain_text", "text": "Confirm"},
        "value": ids,
    }
    say(text=f"Delete {ids}?", blocks=[{"type": "actions", "elements": [button]}])


@app.action("confirm_deletion")
def delete(ack: Ack, say: Say, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Delete at once, then say so in the thread."""
    ack()
    request = DeleteVpnConnectionRequest()
    request.VpnGatewayId, request.VpnConnectionId = action["value"].split()
    answer = cloud.DeleteVpnConnection(request)
    say(text=f"RequestId {answer.RequestId}", thread_ts=body["message"]["ts"])


if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]  # Bolt's is untyped
