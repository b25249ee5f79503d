//! Representative states, each reached by events.

use handover_core::*;

use crate::{build::*, world::World};

/// A state with a name.
pub(crate) struct State {
    pub(crate) name: &'static str,
    pub(crate) world: World,
}

fn business() -> World {
    World::new([human_requested(), lack_of_knowledge(), repeated_failure(2), custom("sales")])
        .on(Channel::WhatsApp)
}

/// A conversation whose client has just got `ana` by asking for a human.
fn handed_over() -> World {
    let mut world = business();
    world.pass(minutes(1)).take(asks(900));
    world.pass(minutes(1));
    world
}

/// A business whose bot is silent in all of a contact's inboxes, and a contact with two conversations.
fn linked() -> World {
    business().with(|bot| bot.pause_all_inboxes = true).linked()
}

pub(crate) fn states() -> Vec<State> {
    let mut states = bot_states();
    states.extend(human_states());
    states
}

fn bot_states() -> Vec<State> {
    let state = |name, world| State { name, world };
    let answered = {
        let mut world = business();
        world.bot_does_not_know_quietly();
        world.take(says("the same in other words"));
        world.bot_answers();
        world
    };
    let failed_twice = {
        let mut world = business();
        world.bot_does_not_know_quietly();
        world.bot_does_not_know_quietly();
        world
    };
    let opted_out = {
        let mut world = business();
        world.take(EventKind::Consent { opted_out: true });
        world
    };
    let pause_ended = {
        let mut world = business();
        let started = CommandKind::StartHandover { action: Some(id("lack")) };
        world.command("max", started);
        world.pass(hours(2));
        let timer = world.resume_timer();
        world.take(EventKind::Timer(timer));
        world.pass(minutes(1));
        world
    };
    let handed_back = {
        let mut world = handed_over();
        world.command("ana", CommandKind::HandBack);
        world.pass(minutes(1));
        world
    };
    vec![
        state("Bot, fresh", business()),
        state("Bot, one failed attempt, then an answer", answered),
        state("Bot, two failed attempts", failed_twice),
        state("Bot, client opted out", opted_out),
        state("Bot, after a pause that ended: task and promise still open", pause_ended),
        state("Bot, after a hand-back", handed_back),
        state("Bot, silent in all conversations of a handover, linked to `other`", linked()),
    ]
}

fn human_states() -> Vec<State> {
    let state = |name, world| State { name, world };
    let for_team = {
        let mut world = business();
        world.evidence.phrases = vec![phrase("sales")];
        world.take(says("what would it cost"));
        world.evidence = Evidence::default();
        world.pass(minutes(1));
        world
    };
    let unassigned = {
        let mut world = business();
        let started = CommandKind::StartHandover { action: Some(id("lack")) };
        world.command("max", started);
        world.pass(minutes(1));
        world
    };
    let due_and_waiting = {
        let mut world = unassigned.clone();
        world.pass(hours(1)).take(says("is anybody there?"));
        world.pass(hours(2));
        world
    };
    let quiet = {
        let mut world = unassigned.clone();
        world.pass(minutes(115)).take(reply("ana"));
        world.pass(minutes(10));
        world
    };
    let past_ceiling = {
        let mut world = unassigned.clone();
        world.pass(minutes(110));
        for _ in 0..140 {
            world.pass(minutes(10)).take(human_echo());
            world.take(says("yes"));
        }
        // Within the quiet time after the last of them, and 24 hours after the pause's end.
        world.now = world.conversation.resumes_at().expect("a pause with an end");
        world
    };
    let taken_over = {
        let mut world = business();
        world.take(human_echo());
        world.pass(minutes(1));
        world
    };
    let paused = {
        let mut world = business();
        world.command("ben", CommandKind::Pause { pause: for_hours(1) });
        world.pass(minutes(1));
        world
    };
    let elsewhere = {
        let mut world = linked();
        world.hold_elsewhere();
        world.pass(minutes(1));
        world
    };
    let waiting = {
        let mut world = handed_over();
        world.take(reply("ana"));
        world.pass(minutes(1)).take(says("one more question"));
        world.pass(minutes(1));
        world
    };
    vec![
        state("Human by an action, assigned to ana", handed_over()),
        state("Human by an action, for a team, until handed back", for_team),
        state("Human by a command, unassigned", unassigned),
        state("Human, pause over, client waiting", due_and_waiting),
        state("Human, pause over, but a human wrote within the quiet time", quiet),
        state("Human, pause over for 24 hours, humans still writing", past_ceiling),
        state("Human by a takeover in the provider's app", taken_over),
        state("Human by a pause command", paused),
        state("Human, answered, client waiting again", waiting),
        state("Human, because humans own `other`", elsewhere),
    ]
}

impl World {
    /// The bot does not know, in a business that does not hand over on that (yet).
    fn bot_does_not_know_quietly(&mut self) {
        let action = |world: &mut Self, enabled| {
            let actions = &mut world.bot().actions;
            actions.iter_mut().find(|action| action.id == id("lack")).expect("an action").enabled = enabled;
        };
        action(self, false);
        self.bot_does_not_know();
        action(self, true);
    }
}
