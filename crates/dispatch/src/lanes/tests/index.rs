//! What a new index changes.

use super::*;

#[test]
fn webhooks_that_go_together_go_in_their_order() {
    let hooks: Vec<Webhook> = (1..=12).map(|id| webhook(id, false)).collect();
    let ids: Vec<WebhookId> = hooks.iter().map(|hook| hook.id).collect();
    let mut world = World::new(LaneLimits::default(), hooks);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.lanes.set_index(index(Vec::new()), world.now);
    world.flush();
    world.flushed();
    let dropped: Vec<WebhookId> = world.deliveries.iter().map(|row| row.lane.webhook).collect();
    assert_eq!(dropped, ids, "no hash says which is first");
}
