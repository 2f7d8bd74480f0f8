"""Tencent Cloud: the signed call and its answers."""
