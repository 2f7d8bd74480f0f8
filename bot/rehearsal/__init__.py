"""A local Slack and a local Tencent VPC, stricter than the originals; nothing in production imports it."""
