//! What the store, the queues and the processor ask of AWS. On the local cloud; and on another one where the
//! file that `CONTRACT_ENVIRONMENT` names holds a function's environment (`tests/peer/run`): two independent
//! implementations must agree on it.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use handover_aws::{
    Clock, Host, InboxKey, MasterKey, Processed, Processor, READER, Random, SdkSettings, Store,
    http::{aws_client, world_client},
    process_lookup,
    store::{Claim, Claimed, ConversationFilter, Head, LedgerState},
};
use handover_core::{
    Account, AccountId, Bot, BotId, Channel, Content, Control, ConversationId, DeliveryId, Envelope, Event,
    EventId, EventKind, HandoverAction, Inbox, InboxId, Labs, Message, Pause, Provider, Purpose, Scenario,
    Sensitivity, Timestamp, Verdict,
};
use handover_tests::World;

/// A system under test, with an account of its own.
struct Contract {
    processor: Processor,
    store: Store,
    account: AccountId,
    inbox: InboxId,
    /// Where it is the local cloud, which ends with it.
    _world: Option<World>,
}

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

fn host_of(environment: BTreeMap<String, String>) -> Host {
    let lookup: Arc<Lookup> = Arc::new(move |name| environment.get(name).cloned());
    let credentials = Arc::clone(&lookup);
    Host {
        sdk: SdkSettings {
            region: lookup("AWS_REGION").unwrap(),
            endpoint: lookup("AWS_ENDPOINT_URL"),
            credentials: handover_aws::environment_credentials(move |name| credentials(name)),
            http: aws_client(),
            attempts: 3,
            patience: Duration::from_secs(5),
        },
        world: world_client(true),
        clock: Clock::system(),
        lookup,
    }
}

impl Contract {
    async fn new() -> Self {
        let (host, world) = if let Some(path) = process_lookup()("CONTRACT_ENVIRONMENT") {
            let text = fs::read_to_string(path).unwrap();
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            (host_of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()), None)
        } else {
            let world = World::new(1).await;
            (world.local.host("console").unwrap(), Some(world))
        };
        let random = Random::system();
        let mut reading = host.read();
        let sdk = reading.sdk();
        let processor = reading.processor(&sdk, Some(READER));
        let store = match &world {
            // Settings are written by an administrator.
            Some(world) => world.local.admin_store().clone(),
            None => reading.store(&sdk),
        };
        reading.finish().unwrap();
        let account = AccountId::from_random(random.bytes());
        let bot = BotId::from_random(random.bytes());
        let scenario = Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases: Vec::new() };
        let action = HandoverAction {
            pause: Pause::For { days: 0, hours: 1, minutes: 0 },
            ..HandoverAction::new("human".parse().unwrap(), scenario)
        };
        store
            .put_bot(&account, &Bot { actions: vec![action], ..Bot::new(bot.clone(), "Bot") })
            .await
            .unwrap();
        let inbox = Inbox {
            id: InboxKey::new(&MasterKey::from_text(&"0".repeat(64)).unwrap()).new_id(random.bytes()),
            account: account.clone(),
            name: "Inbox".to_owned(),
            provider: Provider::Generic,
            channel: Channel::Web,
            bot: Some(bot),
            unknown_sender_is_human: false,
            settings: BTreeMap::new(),
        };
        store.put_inbox(&inbox, None).await.unwrap();
        let settings = Account {
            id: account.clone(),
            name: "Contract".to_owned(),
            labs: Labs { human_handover: true },
            store_text: true,
            retention_days: 365,
            notify_text: false,
            sms_inbox: None,
            event_bus: false,
        };
        store.put_account(&settings).await.unwrap();
        Self { processor, store, account, inbox: inbox.id, _world: world }
    }

    fn now(&self) -> Timestamp {
        self.processor.clock().now()
    }

    fn conversation(&self, client: &str) -> ConversationId {
        ConversationId::derive(&self.account, &self.inbox, client)
    }

    /// A client's message, as evaluate would enqueue it.
    fn message(&self, client: &str, id: &str, delivery: &str, text: &str) -> Envelope {
        let signals = handover_detect::signals(text);
        let message = Message {
            provider_message: None,
            content: Content::Text(text.to_owned()),
            forwarded: false,
            signals,
        };
        Envelope {
            account: self.account.clone(),
            inbox: self.inbox.clone(),
            conversation: self.conversation(client),
            identities: vec![client.to_owned()],
            person: None,
            address: Some(client.to_owned()),
            delivery_id: delivery.parse::<DeliveryId>().unwrap(),
            waited: false,
            event: Event {
                id: id.parse::<EventId>().unwrap(),
                sent_at: None,
                received_at: self.now(),
                kind: EventKind::Message(message),
            },
        }
    }

    async fn process(&self, envelope: &Envelope) -> Processed {
        self.processor.process(envelope).await.unwrap()
    }
}

fn verdict(processed: &Processed) -> Option<Verdict> {
    match processed {
        Processed::Committed(record) | Processed::Republished(record) | Processed::Duplicate(record) => {
            Some(record.verdict)
        }
        Processed::Ignored(_) | Processed::PutBack(_) => None,
    }
}

#[tokio::test]
async fn a_handover_is_one_transaction_with_all_that_it_makes() {
    let it = Contract::new().await;
    let processed = it.process(&it.message("ada", "e1", "d1", "I want to talk to a human")).await;
    assert!(matches!(processed, Processed::Committed(_)), "{processed:?}");
    assert_eq!(verdict(&processed), Some(Verdict::HandedOver));
    let id = it.conversation("ada");
    let Head::Here { conversation, contact } = it.store.head(&it.account, &id).await.unwrap() else {
        panic!("the conversation is there");
    };
    assert!(matches!(conversation.control, Control::Human(_)));
    assert!(contact.tags.contains("human_handover"));
    let handovers = it.store.handovers(&it.account, &id).await.unwrap();
    assert_eq!(handovers.len(), 1);
    assert_eq!(handovers[0].task.unwrap().due_at.since(handovers[0].started_at), Duration::from_hours(24));
    assert_eq!(it.store.transcript(&it.account, &id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_is_decided_once_and_its_own_enqueue_is_told_from_anothers() {
    let it = Contract::new().await;
    let envelope = it.message("ada", "e1", "d1", "I want to talk to a human");
    it.process(&envelope).await;
    assert!(matches!(it.process(&envelope).await, Processed::Republished(_)));
    let duplicate = it.message("ada", "e1", "d2", "I want to talk to a human");
    assert!(matches!(it.process(&duplicate).await, Processed::Duplicate(_)));
    let id = it.conversation("ada");
    assert_eq!(it.store.transcript(&it.account, &id).await.unwrap().len(), 1);
    assert_eq!(it.store.handovers(&it.account, &id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn those_who_write_at_once_take_turns() {
    let it = Contract::new().await;
    it.process(&it.message("ada", "e0", "d0", "I want to talk to a human")).await;
    let envelopes: Vec<Envelope> =
        (1..=6).map(|n| it.message("ada", &format!("e{n}"), &format!("d{n}"), "are you there?")).collect();
    // Each may have to begin anew while others write; whoever gives up comes back, as from the queue.
    let process = async |envelope: &Envelope| loop {
        if let Ok(processed) = it.processor.process(envelope).await {
            return processed;
        }
    };
    let [one, two, three, four, five, six] = envelopes.as_slice() else { panic!("six") };
    let all =
        tokio::join!(process(one), process(two), process(three), process(four), process(five), process(six));
    for processed in [all.0, all.1, all.2, all.3, all.4, all.5] {
        assert_eq!(verdict(&processed), Some(Verdict::Paused));
    }
    let id = it.conversation("ada");
    assert_eq!(it.store.transcript(&it.account, &id).await.unwrap().len(), 7);
    assert_eq!(it.store.handovers(&it.account, &id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_claim_has_one_winner_and_its_attempt_fences() {
    let it = Contract::new().await;
    let id = it.conversation("ada");
    let effect = "effect-of-the-contract".parse().unwrap();
    let claim = |writer| Claim {
        account: &it.account,
        conversation: &id,
        effect: &effect,
        purpose: Purpose::Closing,
        epoch: 1,
        text_hash: "hash",
        part_hashes: &[],
        writer,
    };
    let (one, two) = (claim("one"), claim("two"));
    let (first, second) = tokio::join!(it.store.claim(&one, it.now()), it.store.claim(&two, it.now()));
    let (first, second) = (first.unwrap(), second.unwrap());
    let won = [&first, &second].iter().filter(|claimed| matches!(claimed, Claimed::Ours(_))).count();
    assert_eq!(won, 1, "{first:?} {second:?}");
    let (winner, loser) = if matches!(first, Claimed::Ours(_)) { (&one, &two) } else { (&two, &one) };
    // Its own call, made again because the answer got lost, is known as its own.
    assert_eq!(it.store.claim(winner, it.now()).await.unwrap(), Claimed::Ours(1));
    let settle = async |claim: &Claim<'_>, attempt, state| {
        it.store.settle_claim(claim, attempt, state, &[], None, it.now()).await.unwrap()
    };
    assert!(settle(winner, 1, LedgerState::Released).await);
    assert_eq!(it.store.claim(loser, it.now()).await.unwrap(), Claimed::Ours(2));
    assert!(!settle(winner, 1, LedgerState::Sent).await, "an old attempt settles nothing");
    assert!(settle(loser, 2, LedgerState::Sent).await);
    let entry = it.store.ledger_entry(&it.account, &id, &effect).await.unwrap().unwrap();
    assert_eq!((entry.attempt, entry.state), (2, LedgerState::Sent));
}

#[tokio::test]
async fn lists_are_sparse_and_in_order() {
    let it = Contract::new().await;
    for (n, client) in ["ada", "ben", "cleo"].into_iter().enumerate() {
        it.process(&it.message(client, &format!("e{n}"), &format!("d{n}"), "I want to talk to a human"))
            .await;
    }
    it.process(&it.message("dora", "e9", "d9", "hello")).await;
    let humans = ConversationFilter { with_humans: Some(true), ..ConversationFilter::default() };
    let page = it.store.list_conversations(&it.account, &humans, 2, None).await.unwrap().unwrap();
    assert_eq!(page.rows.len(), 2);
    let rest =
        it.store.list_conversations(&it.account, &humans, 2, page.next.as_deref()).await.unwrap().unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
    let later = it.now() + Duration::from_hours(2);
    let (due, _) = it.store.waking(&it.account, later, None).await.unwrap();
    assert_eq!(due.len(), 3);
    let (none, _) = it.store.waking(&it.account, it.now(), None).await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn settings_have_revisions_and_accounts_a_list() {
    let it = Contract::new().await;
    assert!(it.store.accounts().await.unwrap().contains(&it.account));
    let stored = it.store.inbox(&it.inbox).await.unwrap().unwrap();
    let bot = stored.inbox.bot.unwrap();
    assert_eq!(it.store.current_revision(&it.account, &bot).await.unwrap(), Some(1));
    let (account, _) = it.store.account(&it.account).await.unwrap().unwrap();
    assert_eq!(account.name, "Contract");
    let other = AccountId::from_random(Random::system().bytes());
    assert!(it.store.account(&other).await.unwrap().is_none());
}
