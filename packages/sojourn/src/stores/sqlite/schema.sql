-- The tables of a Sojourn SQLite store, schema version 1. Run once, in one transaction, on an empty file.
--
-- keys:    none; the file is empty and the caller holds the write lock.
-- result:  the tables below. The caller stamps application_id and user_version in the same transaction.
--
-- The encoded values (roster.header, session.record) are the truth. The columns beside them are there to be
-- searched; a header whose realm or subject says something else was edited by hand and counts as damaged.
-- Instants are epoch milliseconds. keep_hour counts hours since 1970 and is rounded up, so that a touch
-- rarely changes it: an index over exact instants makes every touch dearer than the write it serves.

CREATE TABLE roster (
  key       TEXT    NOT NULL PRIMARY KEY, -- 16 base64url characters
  realm     TEXT    NOT NULL,
  subject   TEXT,                         -- NULL: an anonymous visitor
  keep_hour INTEGER NOT NULL,             -- may be deleted an hour after it
  header    BLOB    NOT NULL              -- core/codec/header.ts
) STRICT, WITHOUT ROWID;

CREATE INDEX roster_by_subject ON roster (subject, realm) WHERE subject IS NOT NULL;
CREATE INDEX roster_by_keep_hour ON roster (keep_hour);

CREATE TABLE session (
  roster            TEXT    NOT NULL,
  number            TEXT    NOT NULL,     -- 8 base64url characters
  address           TEXT    NOT NULL,
  device_label      TEXT    NOT NULL,
  created_at        INTEGER NOT NULL,
  authenticated_at  INTEGER NOT NULL,     -- 0: nobody has authenticated
  seen_at           INTEGER NOT NULL,
  idle_deadline     INTEGER NOT NULL,
  absolute_deadline INTEGER NOT NULL,
  record            BLOB    NOT NULL,     -- core/codec/record.ts
  PRIMARY KEY (roster, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  name    TEXT    NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  value   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Values that could not be read when something took their place, for a person to look at. Bounded in number
-- and in age by whoever writes (statements.sql).
CREATE TABLE quarantine (
  id     INTEGER PRIMARY KEY,
  roster TEXT    NOT NULL,
  number TEXT,                            -- NULL: a header
  put_at INTEGER NOT NULL,
  size   INTEGER NOT NULL,
  value  BLOB                             -- NULL: larger than 64 KiB
) STRICT;
