//! Dev only: throwaway PostgreSQL, servers of the real binary, fault tools.
