//! What Spin's Redis provider sends for each operation: keys as they are, no prefix, and counters that Redis itself keeps, as
//! decimal text. Its swap reports a failure also where it was applied, and is not offered here: edgefold does not use it.

use std::sync::Arc;

use anyhow::Context;
use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;

use crate::servers::redis::Redis;

/// A server of this arm alone, and a connection to it.
#[derive(Clone)]
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RedisStore {
    connection: MultiplexedConnection,
    _server: Arc<Redis>,
}

impl RedisStore {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let server = Redis::start(&[])?.context("no redis-server here")?;
        let client = redis::Client::open(server.store(""))?;
        Ok(Self {
            connection: client.get_multiplexed_async_connection().await?,
            _server: Arc::new(server),
        })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.ask(redis::cmd("GET").arg(key)).await
    }

    pub(super) async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        self.ask(redis::cmd("SET").arg(key).arg(value)).await
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), String> {
        self.ask(redis::cmd("DEL").arg(key)).await
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, String> {
        self.ask(redis::cmd("EXISTS").arg(key)).await
    }

    /// In no order.
    pub(super) async fn keys(&self) -> Result<Vec<String>, String> {
        self.ask(redis::cmd("KEYS").arg("*")).await
    }

    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        self.ask(redis::cmd("INCRBY").arg(key).arg(delta)).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, String> {
        tokio::task::yield_now().await;
        let mut connection = self.connection.clone();
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| error.to_string())
    }
}
