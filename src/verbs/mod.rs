//! What verbs of several nouns share.

pub mod dry_run;
