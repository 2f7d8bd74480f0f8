CREATE TABLE deletions (
	deletion_id TEXT NOT NULL,
	card_id TEXT NOT NULL,
	state TEXT NOT NULL,
	tunnel_id TEXT NOT NULL,
	gateway_id TEXT,
	wanted TEXT,
	batch_size INTEGER DEFAULT '1' NOT NULL,
	region TEXT NOT NULL,
	reason TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	requester_id TEXT NOT NULL,
	response_url TEXT,
	tunnel TEXT,
	asked_at DOUBLE NOT NULL,
	expires_at DOUBLE,
	decided_by TEXT,
	decided_at DOUBLE,
	retry_until DOUBLE,
	waiting_code TEXT,
	sent_at DOUBLE,
	unclear BOOLEAN DEFAULT false NOT NULL,
	request_id TEXT,
	code TEXT,
	message TEXT,
	last_seen TEXT,
	ended_at DOUBLE,
	next_at DOUBLE NOT NULL,
	owner TEXT,
	lease_until DOUBLE DEFAULT '0' NOT NULL,
	fence INTEGER DEFAULT '0' NOT NULL,
	attempts INTEGER DEFAULT '0' NOT NULL,
	faults INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY (deletion_id)
);
CREATE INDEX ix_deletions_tunnel_id ON deletions (tunnel_id);
CREATE INDEX deletions_asked ON deletions (asked_at);
CREATE INDEX deletions_due ON deletions (state, next_at);
CREATE INDEX ix_deletions_card_id ON deletions (card_id);
CREATE TABLE posts (
	post_id INTEGER NOT NULL,
	card_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	private_to TEXT,
	response_url TEXT,
	body TEXT,
	ts TEXT,
	wanted INTEGER DEFAULT '1' NOT NULL,
	shown INTEGER DEFAULT '0' NOT NULL,
	unclear BOOLEAN DEFAULT false NOT NULL,
	created_at DOUBLE NOT NULL,
	next_at DOUBLE NOT NULL,
	owner TEXT,
	lease_until DOUBLE DEFAULT '0' NOT NULL,
	fence INTEGER DEFAULT '0' NOT NULL,
	attempts INTEGER DEFAULT '0' NOT NULL,
	faults INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY (post_id)
);
CREATE UNIQUE INDEX posts_once ON posts (card_id, kind);
CREATE TABLE events (
	event_id INTEGER NOT NULL,
	at DOUBLE NOT NULL,
	kind TEXT NOT NULL,
	deletion_id TEXT,
	actor TEXT,
	channel_id TEXT,
	request_id TEXT,
	detail TEXT,
	PRIMARY KEY (event_id)
);
CREATE INDEX ix_events_deletion_id ON events (deletion_id);
CREATE TABLE paces (
	"key" TEXT NOT NULL,
	next_at DOUBLE NOT NULL,
	PRIMARY KEY ("key")
);
CREATE UNIQUE INDEX one_in_flight ON deletions (region, tunnel_id) WHERE state IN ('confirmed', 'deleting', 'verifying');
CREATE INDEX deletions_held ON deletions (owner) WHERE lease_until > 0;
CREATE INDEX posts_held ON posts (owner) WHERE lease_until > 0;
CREATE INDEX posts_due ON posts (next_at) WHERE shown < wanted;
CREATE TABLE schema_versions (
	version INTEGER NOT NULL,
	applied_at DOUBLE NOT NULL,
	PRIMARY KEY (version)
);
