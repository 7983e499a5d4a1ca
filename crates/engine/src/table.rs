//! Maps for very many entries of which each record needs another.
//!
//! Their entries lie by their hashes: one is found with a miss of the cache or two, where a tree
//! takes one for each of its lower levels. The order in memory is another in every process, so
//! nobody gets to see it: whoever goes through all either gets them in the order of their keys,
//! which [`Ordered`] keeps beside them, or promises that the order does not matter.

#![expect(
    clippy::disallowed_types,
    reason = "this is what keeps the order of a hash map to itself"
)]

use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::RangeBounds;

/// A map whose order nobody needs but its snapshot.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent, bound(deserialize = "K: Deserialize<'de> + Eq + Hash, V: Deserialize<'de>"))]
pub(crate) struct Table<K, V>(HashMap<K, V>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Ord + Hash, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.0.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.0.get_mut(&key)
    }

    /// The entry of a key, which it gets if it has none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(value)
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        self.0.remove(&key)
    }

    /// In no order: what is made of them must not depend on it.
    pub(crate) fn each(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }

    /// In no order: what is done to one entry must not depend on another.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (*key, value))
    }

    /// Keeps what is to be kept. In no order, as above.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(K, &mut V) -> bool) {
        self.0.retain(|key, value| is_kept(*key, value));
    }
}

impl<K: Ord + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

/// A map that knows the order of its keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    from = "Table<K, V>",
    bound(deserialize = "K: Deserialize<'de> + Copy + Ord + Hash, V: Deserialize<'de>")
)]
pub(crate) struct Ordered<K, V> {
    table: Table<K, V>,
    order: BTreeSet<K>,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { table: Table::default(), order: BTreeSet::new() }
    }
}

impl<K: Copy + Ord + Hash, V> From<Table<K, V>> for Ordered<K, V> {
    fn from(table: Table<K, V>) -> Self {
        let order = table.0.keys().copied().collect();
        Self { table, order }
    }
}

impl<K: Copy + Ord + Hash, V> Ordered<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.table.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.table.get_mut(key)
    }

    /// The entry of a key, which it gets if it has none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let order = &mut self.order;
        self.table.get_or_insert_with(key, || {
            order.insert(key);
            value()
        })
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let removed = self.table.remove(key)?;
        self.order.remove(&key);
        Some(removed)
    }

    /// In the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.range(..).map(|(_, value)| value)
    }

    /// In the order of their keys.
    pub(crate) fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (K, &V)> {
        self.order.range(keys).filter_map(|key| Some((*key, self.table.get(*key)?)))
    }

    /// See [`Table::each`].
    pub(crate) fn each(&self) -> impl Iterator<Item = &V> {
        self.table.each()
    }

    /// See [`Table::each_mut`].
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.table.each_mut()
    }
}

impl<K: Copy + Ord + Hash + Serialize, V: Serialize> Serialize for Ordered<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.range(..))
    }
}
