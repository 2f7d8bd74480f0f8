"""Right commands, which the help and the refusals show; a test reads every one of them."""

EXAMPLE = "/vpn delete vpngw-7lcl5331 vpnx-p0j11j28"
LOOK_UP_EXAMPLE = "/vpn delete vpnx-p0j11j28"
SEVERAL_EXAMPLE = f"{EXAMPLE} vpnx-k2m4n6p8"
ALL_EXAMPLE = "/vpn delete vpngw-7lcl5331 --all"
OPTIONS_EXAMPLE = f'{EXAMPLE} --region ap-guangzhou --reason "rebuild after INC-42"'
BREAK_GLASS_EXAMPLE = f'{EXAMPLE} --break-glass INC-123 --reason "the office is cut off"'
FREEZE_EXAMPLE = "/vpn freeze vpngw-7lcl5331 2h moving the office"
QUOTED_EXAMPLE = '/vpn freeze vpngw-7lcl5331 2h "3 days of moving"'
FREEZE_ALL_EXAMPLE = "/vpn freeze all until 18:00 audit day"
DATE_EXAMPLE = "/vpn freeze vpngw-7lcl5331 until 2026-11-24 18:00 moving the office"
UNFREEZE_EXAMPLE = "/vpn unfreeze vpngw-7lcl5331"
FREEZES_EXAMPLE = "/vpn freezes"
HISTORY_EXAMPLE = "/vpn history vpngw-7lcl5331 since 7d"
