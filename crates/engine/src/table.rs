//! Maps for very many entries of which each record needs another.
//!
//! Their entries lie by their hashes: one is found with a miss of the cache or two, where a tree
//! takes one for each of its lower levels. The order in memory is another in every process, so
//! nobody gets to see it: whoever goes through all either gets them in the order of their keys,
//! which [`Ordered`] keeps beside them, or promises that the order does not matter.
//!
//! Where an entry probably is can be known without a look at it ([`Table::fetch`]). So it is
//! fetched ([`bring_near`]) as soon as it is clear that it will be needed, all that one record needs
//! at once, and is there when its turn comes: each on its own would be waited for.

#![expect(
    clippy::disallowed_types,
    reason = "this is what keeps the order of a hash table to itself"
)]

use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::RangeBounds;

/// Has the processor fetch the line of its cache that this begins in, and does not wait for it.
pub(crate) fn bring_near<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    safe_arch::prefetch_t0(place);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// A map whose order nobody needs but its snapshot. Its keys come from outside, so their hashes are
/// those of std, which resist whoever chooses keys that collide.
#[derive(Clone, Debug)]
pub(crate) struct Table<K, V> {
    slots: HashTable<Slot<K, V>>,
    hasher: RandomState,
}

/// A key and its value begin with a line of the processor's cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot<K, V> {
    key: K,
    value: V,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { slots: HashTable::new(), hasher: RandomState::default() }
    }
}

impl<K, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// In no order: what is made of them must not depend on it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
        self.slots.iter().map(|slot| (&slot.key, &slot.value))
    }

    /// As [`Table::entries`].
    pub(crate) fn each(&self) -> impl Iterator<Item = &V> {
        self.entries().map(|(_, value)| value)
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let slot = self.slots.find(self.hash(key), |slot| slot.key == *key)?;
        Some(&slot.value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let hash = self.hash(key);
        let slot = self.slots.find_mut(hash, |slot| slot.key == *key)?;
        Some(&mut slot.value)
    }

    /// Shows the value that is probably the key's, if it has one, so that it can be fetched. It is
    /// found without a look at any.
    pub(crate) fn fetch(&self, key: &K, bring: impl FnOnce(&V)) {
        if let Some(slot) = self.slots.find(self.hash(key), |_| true) {
            bring(&slot.value);
        }
    }

    /// The entry of a key, which it gets if it has none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let (hash, hasher) = (self.hash(&key), &self.hasher);
        let entry =
            self.slots.entry(hash, |slot| slot.key == key, |slot| hasher.hash_one(&slot.key));
        let slot = entry.or_insert_with(|| Slot { key, value: value() });
        &mut slot.into_mut().value
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let hash = self.hash(key);
        let entry = self.slots.find_entry(hash, |slot| slot.key == *key).ok()?;
        Some(entry.remove().0.value)
    }
}

impl<K: Copy, V> Table<K, V> {
    /// In no order: what is done to one entry must not depend on another.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.slots.iter_mut().map(|slot| (slot.key, &mut slot.value))
    }

    /// Keeps what is to be kept. In no order, as above.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(K, &mut V) -> bool) {
        self.slots.retain(|slot| is_kept(slot.key, &mut slot.value));
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut table = Self::default();
        for (key, value) in entries {
            table.get_or_insert_with(key, || value);
        }
        table
    }
}

impl<K: Ord + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

impl<'de, K: Deserialize<'de> + Ord + Hash, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<K, V>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A map that knows the order of its keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    from = "Table<K, V>",
    bound(deserialize = "K: Deserialize<'de> + Clone + Ord + Hash, V: Deserialize<'de>")
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

impl<K: Clone + Ord + Hash, V> From<Table<K, V>> for Ordered<K, V> {
    fn from(table: Table<K, V>) -> Self {
        let order = table.entries().map(|(key, _)| key.clone()).collect();
        Self { table, order }
    }
}

impl<K: Clone + Ord + Hash, V> FromIterator<(K, V)> for Ordered<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        entries.into_iter().collect::<Table<K, V>>().into()
    }
}

impl<K: Clone + Ord + Hash, V> Ordered<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.table.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.table.get_mut(key)
    }

    /// See [`Table::fetch`].
    pub(crate) fn fetch(&self, key: &K, bring: impl FnOnce(&V)) {
        self.table.fetch(key, bring);
    }

    /// The entry of a key, which it gets if it has none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let order = &mut self.order;
        let known = key.clone();
        self.table.get_or_insert_with(key, || {
            order.insert(known);
            value()
        })
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.table.remove(key)?;
        self.order.remove(key);
        Some(removed)
    }

    /// The entry whose key comes first.
    pub(crate) fn first(&self) -> Option<(&K, &V)> {
        self.range(..).next()
    }

    /// In the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.range(..).map(|(_, value)| value)
    }

    /// In the order of their keys.
    pub(crate) fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &V)> {
        self.order.range(keys).filter_map(|key| Some((key, self.table.get(key)?)))
    }

    /// See [`Table::each`].
    pub(crate) fn each(&self) -> impl Iterator<Item = &V> {
        self.table.each()
    }
}

impl<K: Copy, V> Ordered<K, V> {
    /// See [`Table::each_mut`].
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.table.each_mut()
    }
}

impl<K: Clone + Ord + Hash + Serialize, V: Serialize> Serialize for Ordered<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.range(..))
    }
}
