//! The tables and statements of the queues.

use super::message::StoredMessage;
use rusqlite::{Connection, OptionalExtension, Row};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS message (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, message_id TEXT NOT NULL,
  body TEXT NOT NULL, body_md5 TEXT NOT NULL, attributes TEXT, trace_header TEXT,
  message_group TEXT, deduplication_id TEXT, source TEXT,
  sent_at INTEGER NOT NULL, enqueued_at INTEGER NOT NULL, visible_at INTEGER NOT NULL,
  first_received_at INTEGER, received_at INTEGER,
  receives INTEGER NOT NULL DEFAULT 0, receives_before INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_by_order ON message (queue, sequence);
CREATE INDEX IF NOT EXISTS message_by_group ON message
  (queue, message_group, visible_at, sequence, receives, receives_before);
CREATE INDEX IF NOT EXISTS message_by_age ON message (queue, enqueued_at);
CREATE TABLE IF NOT EXISTS dedup (
  queue INTEGER NOT NULL, scope TEXT NOT NULL, deduplication_id TEXT NOT NULL,
  message_id TEXT NOT NULL, sequence INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (queue, scope, deduplication_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dedup_by_end ON dedup (queue, expires_at);
";

/// 1 name, 2 attributes, 3 now.
pub(super) const INSERT_QUEUE: &str =
    "INSERT INTO queue (name, attributes, created_at, modified_at) VALUES (?1, ?2, ?3, ?3)";

/// 1 id, 2 attributes, 3 now.
pub(super) const UPDATE_QUEUE: &str = "UPDATE queue SET attributes = ?2, modified_at = ?3 WHERE id = ?1";

/// 1 queue, 2 sent before.
pub(super) const EXPIRE: &str = "DELETE FROM message WHERE queue = ?1 AND enqueued_at <= ?2";

/// 1 queue, 2 now.
pub(super) const EXPIRE_DEDUP: &str = "DELETE FROM dedup WHERE queue = ?1 AND expires_at <= ?2";

/// 1 queue, 2 scope, 3 deduplication id.
pub(super) const FIND_DEDUP: &str =
    "SELECT message_id, sequence FROM dedup WHERE queue = ?1 AND scope = ?2 AND deduplication_id = ?3";

/// 1 queue, 2 scope, 3 deduplication id, 4 message id, 5 sequence, 6 end.
pub(super) const INSERT_DEDUP: &str = "INSERT INTO dedup VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// 1 sequence, 2 queue, 3 message id, 4 body, 5 its MD5, 6 attributes, 7 trace header, 8 group,
/// 9 deduplication id, 10 now, 11 visible at.
pub(super) const INSERT_MESSAGE: &str = "
INSERT INTO message (sequence, queue, message_id, body, body_md5, attributes, trace_header, message_group,
  deduplication_id, sent_at, enqueued_at, visible_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)";

/// What a standard queue can hand out: 1 queue, 2 now, 3 limit.
pub(super) const CANDIDATES: &str = "
SELECT sequence, message_group, receives - receives_before FROM message
WHERE queue = ?1 AND visible_at <= ?2 ORDER BY sequence LIMIT ?3";

/// What a FIFO queue can hand out: 1 queue, 2 now, 3 limit. A message waits while one of its group is
/// in flight, or an earlier one of its group is delayed.
pub(super) const FIFO_CANDIDATES: &str = "
SELECT sequence, message_group, receives - receives_before FROM message AS m
WHERE queue = ?1 AND visible_at <= ?2 AND NOT EXISTS (
  SELECT 1 FROM message AS o WHERE o.queue = ?1 AND o.message_group = m.message_group AND o.visible_at > ?2
    AND (o.receives > o.receives_before OR o.sequence < m.sequence))
ORDER BY sequence LIMIT ?3";

/// 1 sequence, 2 visible at, 3 now.
pub(super) const RECEIVE: &str = "
UPDATE message SET visible_at = ?2, receives = receives + 1, received_at = ?3,
  first_received_at = coalesce(first_received_at, ?3)
WHERE sequence = ?1
RETURNING message_id, body, body_md5, attributes, trace_header, message_group, deduplication_id, source,
  sent_at, first_received_at, receives";

/// A second copy of a message: 1 its sequence, 2 the copy's sequence, 3 visible at.
pub(super) const DUPLICATE: &str = "
INSERT INTO message (sequence, queue, message_id, body, body_md5, attributes, trace_header, message_group,
  deduplication_id, source, sent_at, enqueued_at, visible_at, first_received_at, received_at, receives, receives_before)
SELECT ?2, queue, message_id, body, body_md5, attributes, trace_header, message_group, deduplication_id, source,
  sent_at, enqueued_at, ?3, first_received_at, received_at, receives, receives_before
FROM message WHERE sequence = ?1";

/// Moves a message to its dead-letter queue: 1 its sequence, 2 its new one, 3 the queue, 4 the source's
/// ARN, 5 now, 6 whether it keeps its age (standard queues).
pub(super) const GIVE_UP: &str = "
UPDATE message SET sequence = ?2, queue = ?3, source = ?4, visible_at = ?5, receives_before = receives,
  enqueued_at = CASE WHEN ?6 THEN enqueued_at ELSE ?5 END
WHERE sequence = ?1";

/// 1 queue, 2 sequence.
pub(super) const FIND_RECEIVED: &str =
    "SELECT receives, visible_at, received_at FROM message WHERE queue = ?1 AND sequence = ?2";

/// 1 sequence.
pub(super) const DELETE: &str = "DELETE FROM message WHERE sequence = ?1";

/// 1 sequence, 2 visible at.
pub(super) const SET_VISIBLE: &str = "UPDATE message SET visible_at = ?2 WHERE sequence = ?1";

/// 1 now.
pub(super) const RELEASE: &str =
    "UPDATE message SET visible_at = ?1 WHERE visible_at > ?1 AND receives > receives_before";

/// 1 queue, 2 now.
pub(super) const DEPTHS: &str = "
SELECT coalesce(sum(visible_at <= ?2), 0), coalesce(sum(visible_at > ?2 AND receives > receives_before), 0),
  coalesce(sum(visible_at > ?2 AND receives = receives_before), 0)
FROM message WHERE queue = ?1";

/// 1 queue.
pub(super) const NEXT_VISIBLE: &str = "SELECT min(visible_at) FROM message WHERE queue = ?1";

/// When the first group of a FIFO queue has its first message visible and none in flight: 1 queue.
pub(super) const FIFO_NEXT_VISIBLE: &str = "
SELECT min(ready) FROM (
  SELECT max(visible_at) AS ready FROM message
  WHERE queue = ?1 AND (receives > receives_before OR sequence IN (
    SELECT min(sequence) FROM message WHERE queue = ?1 GROUP BY message_group))
  GROUP BY message_group)";

const PEEK: &str = "
SELECT message_id, body, attributes, message_group, deduplication_id, sent_at, visible_at, receives, source
FROM message WHERE queue = ?1 ORDER BY sequence";

/// A queue as it is stored.
pub(super) struct QueueRow {
    pub(super) id: i64,
    /// JSON object of texts.
    pub(super) attributes: String,
    /// Unix milliseconds.
    pub(super) created_at: i64,
    /// Unix milliseconds.
    pub(super) modified_at: i64,
}

/// Creates the tables if they are not there; answers the highest sequence number ever given out.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.execute_batch(SCHEMA)?;
    // SQLite's own count does not see the numbers that messages get on their way to a dead-letter queue.
    let last = "SELECT max(coalesce((SELECT max(sequence) FROM message), 0),
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0))";
    connection.query_row(last, (), |row| row.get(0))
}

/// The queue of this name.
pub(super) fn queue(connection: &Connection, name: &str) -> rusqlite::Result<Option<QueueRow>> {
    let statement = "SELECT id, attributes, created_at, modified_at FROM queue WHERE name = ?1";
    let read = |row: &Row<'_>| {
        Ok(QueueRow {
            id: row.get(0)?,
            attributes: row.get(1)?,
            created_at: row.get(2)?,
            modified_at: row.get(3)?,
        })
    };
    connection.prepare_cached(statement)?.query_row([name], read).optional()
}

/// All messages of a queue in the order of sending.
pub(super) fn peek(connection: &Connection, queue: i64) -> rusqlite::Result<Vec<StoredMessage>> {
    let mut statement = connection.prepare_cached(PEEK)?;
    let messages = statement.query_map([queue], |row| {
        Ok(StoredMessage {
            message_id: row.get(0)?,
            body: row.get(1)?,
            attributes: attributes(row.get(2)?),
            group_id: row.get(3)?,
            deduplication_id: row.get(4)?,
            sent_at_ms: row.get(5)?,
            visible_at_ms: row.get(6)?,
            receive_count: row.get(7)?,
            dead_letter_source: row.get(8)?,
        })
    })?;
    messages.collect()
}

/// User-defined attributes as they are stored: nothing when there are none. They are written by
/// [`super::Sqs::send`] only, which makes them readable.
pub(super) fn attributes(stored: Option<String>) -> super::MessageAttributes {
    stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
