"""Worked examples of TC3-HMAC-SHA256 with every intermediate value.

The first two are the example of Tencent Cloud API 3.0, "Signature v3", with and without the action signed;
its keys are masked in print, and signed as masked. The third carries a deletion through the same stages.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One request, and what each stage makes of it."""

    name: str
    secret_id: str
    secret_key: str
    service: str
    timestamp: int
    date: str
    headers: dict[str, str]
    body: bytes
    canonical_request: str
    string_to_sign: str
    signing_key_hex: str
    signature: str
    authorization: str


_DESCRIBE_INSTANCES = (
    rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
)

VECTORS = (
    Vector(
        name="published example, action signed",
        secret_id="AKID********************************",
        secret_key="********************************",
        service="cvm",
        timestamp=1_551_113_065,
        date="2019-02-25",
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Host": "cvm.tencentcloudapi.com",
            "X-TC-Action": "DescribeInstances",
        },
        body=_DESCRIBE_INSTANCES,
        canonical_request=(
            "POST\n"
            "/\n"
            "\n"
            "content-type:application/json; charset=utf-8\n"
            "host:cvm.tencentcloudapi.com\n"
            "x-tc-action:describeinstances\n"
            "\n"
            "content-type;host;x-tc-action\n"
            "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
        ),
        string_to_sign=(
            "TC3-HMAC-SHA256\n"
            "1551113065\n"
            "2019-02-25/cvm/tc3_request\n"
            "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
        ),
        signing_key_hex="b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af",
        signature="10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
        authorization=(
            "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, "
            "SignedHeaders=content-type;host;x-tc-action, "
            "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        ),
    ),
    Vector(
        name="published example, two headers",
        secret_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
        secret_key="Gu5t9xGARNpq86cd98joQYCN3*******",
        service="cvm",
        timestamp=1_551_113_065,
        date="2019-02-25",
        headers={"Content-Type": "application/json; charset=utf-8", "Host": "cvm.tencentcloudapi.com"},
        body=_DESCRIBE_INSTANCES,
        canonical_request=(
            "POST\n"
            "/\n"
            "\n"
            "content-type:application/json; charset=utf-8\n"
            "host:cvm.tencentcloudapi.com\n"
            "\n"
            "content-type;host\n"
            "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
        ),
        string_to_sign=(
            "TC3-HMAC-SHA256\n"
            "1551113065\n"
            "2019-02-25/cvm/tc3_request\n"
            "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
        ),
        signing_key_hex="8aa8ab5755582f576e94bcfe383b8e29325b0ca90c3590d569221c6a63a091ed",
        signature="2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
        authorization=(
            "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, "
            "SignedHeaders=content-type;host, "
            "Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
        ),
    ),
    Vector(
        name="a deletion",
        secret_id="AKIDEXAMPLE",
        secret_key="SECRETEXAMPLE",
        service="vpc",
        timestamp=1_700_000_000,
        date="2023-11-14",
        headers={"Content-Type": "application/json", "Host": "vpc.tencentcloudapi.com"},
        body=b'{"VpnGatewayId": "vpngw-7lcl5331", "VpnConnectionId": "vpnx-p0j11j28"}',
        canonical_request=(
            "POST\n"
            "/\n"
            "\n"
            "content-type:application/json\n"
            "host:vpc.tencentcloudapi.com\n"
            "\n"
            "content-type;host\n"
            "5f74a12ede9caea32d17f450cd7eb84cae656016c04cdfc20f968a8610e27358"
        ),
        string_to_sign=(
            "TC3-HMAC-SHA256\n"
            "1700000000\n"
            "2023-11-14/vpc/tc3_request\n"
            "e5da2d18e04cad2a5414523e4285ba579df2dc6c5f156d0d56c09602c6d60305"
        ),
        signing_key_hex="caf100a8ea8369e70ca73fc2cc8a588c19dc4cf8ec8f7780b3c766c5b9de13f2",
        signature="47d188d940d522577d6633307232988c02674b8d24cb3be43856bf86f23308cd",
        authorization=(
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/vpc/tc3_request, "
            "SignedHeaders=content-type;host, "
            "Signature=47d188d940d522577d6633307232988c02674b8d24cb3be43856bf86f23308cd"
        ),
    ),
)
