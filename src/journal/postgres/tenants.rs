//! A database as the store of many tenants in one process.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Postgres, PostgresError, PostgresJournal};
use crate::authority::TenantStore;

impl TenantStore for Postgres {
    type Journal = PostgresJournal;

    fn journal(&self, tenant: &str) -> Result<PostgresJournal, PostgresError> {
        Self::journal(self, tenant)
    }

    fn last_revisions(&self, tenants: &[Arc<str>]) -> Result<Vec<Option<u64>>, PostgresError> {
        let heads = self.heads(tenants)?;
        Ok(tenants.iter().map(|tenant| heads.get(&**tenant).map(|head| head.revision)).collect())
    }
}
