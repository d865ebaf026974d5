//! What is shown of a webhook.

use crate::output::Column;

/// The columns of a webhook. Rows of 2026-05 leave most of them blank.
pub const WEBHOOK: [Column; 11] = [
    Column::shown("id", "ID", 0, true),
    Column::shown("webhookUrl", "URL", 0, false),
    Column::shown("status", "STATUS", 1, true),
    Column::shown("disabledReason", "REASON", 2, true),
    Column::shown("schemaVersion", "SCHEMA", 3, true),
    Column::shown("createdAt", "CREATED", 4, true).moment(),
    Column::on_request("eventTypes", "EVENTS"),
    Column::on_request("enabled", "ENABLED"),
    Column::on_request("failureNotificationEmail", "FAILURE EMAIL"),
    Column::on_request("disabledAt", "DISABLED"),
    Column::on_request("updatedAt", "UPDATED"),
];

/// The columns of one that was just made.
pub const CREATED: [Column; 13] = [
    WEBHOOK[0],
    WEBHOOK[1],
    WEBHOOK[2],
    WEBHOOK[3],
    WEBHOOK[4],
    WEBHOOK[5],
    WEBHOOK[6],
    WEBHOOK[7],
    WEBHOOK[8],
    WEBHOOK[9],
    WEBHOOK[10],
    Column::shown("signingSecret", "SECRET", 0, true),
    Column::shown("standardSigningSecret", "STANDARD SECRET", 0, true),
];

/// The columns of a rotation.
pub const ROTATED: [Column; 3] = [
    Column::shown("id", "ID", 0, true),
    Column::shown("standardSigningSecret", "STANDARD SECRET", 0, true),
    Column::shown("previousValidUntil", "OLD ONE GOOD UNTIL", 0, true),
];
