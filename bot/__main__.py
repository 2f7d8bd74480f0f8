"""`python -m bot` is `vpn-bot`."""

from bot.cli import main

main()
