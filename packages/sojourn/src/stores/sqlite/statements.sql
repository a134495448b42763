-- Every statement of the SQLite store that takes values, each under its name; statements.ts prepares them.
--
-- Parameters stand above each, in order; Node 22 binds lists of values to plain ? only. A result is rows of the
-- columns selected, in that order. A value longer than 1 MiB is answered as 0 instead of being loaded, and
-- instants as floating point (+ 0.0), because an integer beyond 2^53 in an edited file makes node:sqlite throw.

-- name: read
-- number, roster key. One row: the header, and the record or NULLs. No row: no roster.
SELECT CASE WHEN length(r.header) > 1048576 THEN 0 ELSE r.header END AS header, r.realm, r.subject,
       s.number,
       CASE WHEN length(s.record) > 1048576 THEN 0 ELSE s.record END AS record
FROM roster r LEFT JOIN session s ON s.roster = r.key AND s.number = ?
WHERE r.key = ?

-- name: list
-- roster key. As `read`, and all records in one text: number and record in hexadecimal digits, commas between. A value
-- of its own for each record costs node:sqlite five times as much. NULL when there is none, or when they take more
-- than 8 KiB together, where that is no longer so, or when a number was edited: one with a NUL, where length() ends,
-- would make Node 22 cut the text there and the roster look complete without the rest.
SELECT CASE WHEN length(r.header) > 1048576 THEN 0 ELSE r.header END AS header, r.realm, r.subject,
       CASE WHEN (SELECT count(*) <= 256 AND total(length(record)) <= 8192 AND min(length(number)) = 8
                  FROM (SELECT number, record FROM session WHERE roster = r.key LIMIT 257))
            THEN (SELECT group_concat(number || hex(record)) FROM session WHERE roster = r.key) END AS records
FROM roster r WHERE r.key = ?

-- name: listEach
-- roster key, roster key. The header with NULLs, then one row a record with NULLs before it. One
-- statement, so that all is of one moment.
SELECT CASE WHEN length(header) > 1048576 THEN 0 ELSE header END AS header, realm, subject, NULL AS number, NULL AS record
FROM roster WHERE key = ?
UNION ALL
SELECT NULL, NULL, NULL, number, CASE WHEN length(record) > 1048576 THEN 0 ELSE record END
FROM session WHERE roster = ?

-- name: findHeader
-- roster key
SELECT CASE WHEN length(header) > 1048576 THEN 0 ELSE header END AS header, realm, subject, keep_hour + 0.0 AS keep_hour
FROM roster WHERE key = ?

-- name: findRecord
-- roster key, number
SELECT number, CASE WHEN length(record) > 1048576 THEN 0 ELSE record END AS record
FROM session WHERE roster = ? AND number = ?

-- name: insertRoster
-- roster key, realm, subject, keep_hour, header
INSERT INTO roster (key, realm, subject, keep_hour, header) VALUES (?, ?, ?, ?, ?)

-- name: updateHeader
-- header, roster key. Names no indexed column, so no index is written.
UPDATE roster SET header = ? WHERE key = ?

-- name: updateSubject
-- realm, subject, roster key
UPDATE roster SET realm = ?, subject = ? WHERE key = ?

-- name: raiseKeepHour
-- keep_hour, roster key
UPDATE roster SET keep_hour = ? WHERE key = ?

-- name: putRecord
-- roster key, number, address, device label, five instants, record
INSERT INTO session (roster, number, address, device_label, created_at, authenticated_at, seen_at, idle_deadline, absolute_deadline, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (roster, number) DO UPDATE SET
  address = excluded.address, device_label = excluded.device_label, created_at = excluded.created_at,
  authenticated_at = excluded.authenticated_at, seen_at = excluded.seen_at, idle_deadline = excluded.idle_deadline,
  absolute_deadline = excluded.absolute_deadline, record = excluded.record

-- name: deleteRecord
-- roster key, number
DELETE FROM session WHERE roster = ? AND number = ?

-- name: deleteRecords
-- roster key
DELETE FROM session WHERE roster = ?

-- name: deleteRoster
-- roster key
DELETE FROM roster WHERE key = ?

-- name: quarantineHeader
-- now, roster key
INSERT INTO quarantine (roster, number, put_at, size, value)
SELECT key, NULL, ?, length(header), CASE WHEN length(header) <= 65536 THEN header END FROM roster WHERE key = ?

-- name: quarantineRecord
-- now, roster key, number
INSERT INTO quarantine (roster, number, put_at, size, value)
SELECT roster, number, ?, length(record), CASE WHEN length(record) <= 65536 THEN record END
FROM session WHERE roster = ? AND number = ?

-- name: quarantineRecords
-- now, roster key, most rows
INSERT INTO quarantine (roster, number, put_at, size, value)
SELECT roster, number, ?, length(record), CASE WHEN length(record) <= 65536 THEN record END
FROM session WHERE roster = ? LIMIT ?

-- name: trimQuarantine
-- rows to keep
DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?

-- name: forgetQuarantine
-- put before
DELETE FROM quarantine WHERE put_at < ?

-- name: findOver
-- keep_hour, most rows
SELECT key FROM roster WHERE keep_hour < ? ORDER BY keep_hour LIMIT ?

-- name: getDocument
-- name. The text as bytes: Node 22 cuts text at a NUL character.
SELECT version + 0.0 AS version, CAST(value AS BLOB) AS value FROM document WHERE name = ?

-- name: insertDocument
-- name, value
INSERT INTO document (name, version, value) VALUES (?, 1, ?) ON CONFLICT (name) DO NOTHING

-- name: updateDocument
-- value, name, expected version
UPDATE document SET version = version + 1, value = ? WHERE name = ? AND version = ?
