"""vpn-bot: deletes Tencent Cloud VPN tunnels from Slack."""
