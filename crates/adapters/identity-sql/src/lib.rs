//! Entra (Azure) tokens as passwords of PostgreSQL and SQL Server.
//!
//! A token lasts an hour or so and counts when a connection is opened: each new connection needs a fresh one, those that are open go on.
//!
//! | feature | items |
//! |---|---|
//! | `sqlx` | `sqlx_options`, `PoolPasswords` |
//! | `tokio-postgres` | `postgres_config` |
//! | `deadpool-postgres` | `DeadpoolConnect` |
//! | `tiberius` | `sql_server_config`, `SqlServerManager`, `SqlServerError` |
//!
//! ```
//! # #[cfg(feature = "deadpool-postgres")]
//! # mod example {
//! use std::sync::Arc;
//! use deadpool_postgres::{Manager, ManagerConfig, Pool};
//! use identity_base::{TokenCredential, bearer_token_provider};
//! use identity_sql::{DeadpoolConnect, POSTGRES_SCOPE};
//! use tokio_postgres::{Config, NoTls};
//!
//! /// With the TLS connector of your choice in place of `NoTls`.
//! fn pool(credential: Arc<dyn TokenCredential>) -> Result<Pool, Box<dyn std::error::Error>> {
//!     let provider = bearer_token_provider(credential, POSTGRES_SCOPE)?;
//!     let mut config = Config::new();
//!     // The name of the managed identity, application or user that the token is for.
//!     config.host("name.postgres.database.azure.com").user("my-identity").dbname("postgres");
//!     let connect = DeadpoolConnect::new(provider, NoTls);
//!     let manager = Manager::from_connect(config, connect, ManagerConfig::default());
//!     Ok(Pool::builder(manager).max_size(16).build()?)
//! }
//! # }
//! ```
//!
//! # The user name
//!
//! For PostgreSQL it is the Entra principal's: a user's UPN, or the *name* of a managed identity, application or group. It stands in no token of an
//! application, so it can't be found out here; a wrong one fails like a wrong password.
//!
//! # Encryption
//!
//! Whoever reads a token can use it. So it goes over an encrypted connection, or to this machine.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "deadpool-postgres")]
mod deadpool_connect;
mod error;
#[cfg(any(feature = "sqlx", feature = "tokio-postgres", feature = "tiberius"))]
mod host;
#[cfg(feature = "tokio-postgres")]
mod postgres;
#[cfg(feature = "tiberius")]
mod sql_server;
#[cfg(feature = "sqlx")]
mod sqlx_postgres;

#[cfg(feature = "deadpool-postgres")]
pub use deadpool_connect::DeadpoolConnect;
pub use error::credential_error;
#[cfg(feature = "tokio-postgres")]
pub use postgres::postgres_config;
#[cfg(feature = "tiberius")]
pub use sql_server::{SqlServerClient, SqlServerError, SqlServerManager, sql_server_config};
#[cfg(feature = "sqlx")]
pub use sqlx_postgres::{PoolPasswords, sqlx_options};

/// The scope of Azure Database for PostgreSQL, and for MySQL, in the public cloud.
pub const POSTGRES_SCOPE: &str = "https://ossrdbms-aad.database.windows.net/.default";
/// The scope of Azure SQL Database, SQL Managed Instance and Fabric in the public cloud.
pub const SQL_SERVER_SCOPE: &str = "https://database.windows.net/.default";
