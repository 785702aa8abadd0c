//! How large the cache may become.

/// How large the cache may become.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// Bytes of all entries, with what they cost beside their answers.
    pub bytes_max: u64,
    /// Entries.
    pub entries_max: usize,
    /// Bytes of the largest answer that is kept.
    pub answer_size_max: usize,
    /// Answers that are followed at once.
    pub groups_max: usize,
}

impl Default for CacheSettings {
    /// 100 MiB, a million entries, answers of up to a MiB, 10,000 followed.
    fn default() -> Self {
        Self { bytes_max: 100 * 1024 * 1024, entries_max: 1_000_000, answer_size_max: 1024 * 1024, groups_max: 10_000 }
    }
}
