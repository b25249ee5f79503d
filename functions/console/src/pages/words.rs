//! Every word that the pages say.

use handover_aws::Scope;
use handover_core::{Channel, Guard, NotificationKind, Provider, Role, Verdict};

use crate::tryout::Why;

macro_rules! words {
    ($($name:ident $text:literal)*) => { $(pub(super) const $name: &str = $text;)* };
}

words! {
    ABOUT "About this conversation"
    ACCOUNT "Account"
    ACCOUNT_SETTINGS "Settings"
    ADD "Add"
    ADD_BOT "Add a bot"
    ADD_ENTRY "Add a question"
    ADD_INBOX "Add an inbox"
    ADD_KEY "Add an API key"
    ADD_PHRASE "Add example phrase"
    ADD_SCENARIO "Add a scenario"
    ADD_STAFF "Add a staff member"
    ADD_TAG "Add a tag to the contact"
    ADD_TAG_HINT "Leave it empty for no tag."
    ADD_TEAM "Add a team"
    AGENTS "AI Agents"
    ALL_WELL "Nothing looks wrong."
    ALTERNATIVES "Other ways to ask"
    ALTERNATIVES_HINT "One on each line."
    ANOTHER_CODE "Send another code"
    ANSWER "Answer"
    ANSWERED_BY "Answered by"
    ANSWERED_LATE "Answered late"
    ANSWERS_IN "Answers in"
    ANSWER_DUE "Answer due"
    API_KEYS "API keys"
    ASKED_AGAIN "Asked again"
    ASSIGNED_TO "Assigned to"
    ASSIGN_TO "Assign to"
    AS_TABLE "Show as a table"
    AUDIT "Audit log"
    AUDIT_TEXT "Who changed which setting, newest first."
    BALANCED "Balanced"
    BEGAN "Began"
    BEHAVIOUR "Around handovers"
    BEST "best"
    BOT "Bot"
    BOTS "Conversational AI"
    BOT_ANSWERED "Answered"
    BOT_ANSWERS "The bot answers"
    BOT_FAILED "The bot failed to answer"
    BOT_GOALS "Bot Goals"
    BOT_HANDOVER_OFF "Human handover is switched off for this bot: none of these actions starts."
    BOT_NO_ANSWER "The bot had no answer"
    BOT_RETURNS "Bot returns"
    BOT_SETTINGS "Settings"
    BOT_WANTS_HANDOVER "The bot asked for a person"
    BY_CHAT "Chat"
    BY_EMAIL "E-mail"
    BY_KEY "An API key"
    BY_OPERATOR "The stack's operator"
    BY_SMS "SMS"
    CHANGED "Somebody else has changed this bot"
    CHANGED_DETAIL "What you typed is still below. Open the bot in another tab to see what changed, then make your change there."
    CHANNEL "Channel"
    CHAT_HINT "An https address that takes JSON with a text, such as a Slack incoming webhook."
    CHAT_WEBHOOK "Chat webhook"
    CHECKS "Checks"
    CLAIM "Claim"
    CLIENT "Client"
    CLIENT_WAITS "Client waits since"
    CLOSENESS "closeness"
    CLOSING_MESSAGE "Final message"
    CODE "Code"
    CODE_LEAD "If a staff member has this address, an e-mail with 8 digits is on its way. The code works for 10 minutes, in this browser."
    CODE_TITLE "Enter your code"
    CODE_WRONG "This code does not work"
    CODE_WRONG_DETAIL "Check the digits. A code can be tried 5 times within 10 minutes; after that, send another one."
    CONNECTOR "How the bot is asked"
    CONNECTOR_BEDROCK "Amazon Bedrock"
    CONNECTOR_EXTERNAL "It lives elsewhere and asks our turn API"
    CONNECTOR_FAQ "Built in: answers from its knowledge"
    CONNECTOR_HTTP "Your own bot, by HTTP"
    CONNECTOR_INSTRUCTIONS "Instructions"
    CONNECTOR_MODEL "Model"
    CONNECTOR_MODEL_HINT "For an OpenAI-compatible model or Amazon Bedrock."
    CONNECTOR_OPEN_AI "An OpenAI-compatible model"
    CONNECTOR_SECRETS "Secrets"
    CONNECTOR_SECRETS_TEXT "What your bot or model asks for. A secret goes in and never comes out; without a value a signing secret is made and shown once."
    CONNECTOR_URL "Address"
    CONNECTOR_URL_HINT "For your own bot or an OpenAI-compatible model: an https address."
    CONTACT "Contact"
    CONVERSATIONAL "Conversational AI"
    CONVERSATIONS "Conversations"
    CONVERSATION_ASSIGNED "A conversation is assigned"
    COOLDOWN "Minutes before the same scenario may fire again"
    COOLDOWN_HINT "Never applies to clients who ask for a person. 0: at once."
    COPIED "I have copied it"
    COUNT "Count"
    CREATE_TASK "Create a follow-up task, due in 24 hours"
    CUSTOM_TEXT "Fires when a message matches one of your example phrases."
    DAILY "Bot messages a day and conversation"
    DAILY_HINT "After that the bot stays silent until midnight (UTC), and a person is asked for."
    DAYS "days"
    DAYS_ARE_UTC "Days begin at midnight UTC."
    DAYS_LOWER "days"
    DECISION "Decision"
    DUE "Due"
    EAGER "Eager: rather once too often"
    EARLIER "Show earlier messages"
    EMAIL "E-mail address"
    EMAIL_HINT "Sign-in codes and notifications go there."
    EMAIL_WRONG "must look like name@example.com"
    ENABLED "On"
    ENDED "Ended"
    ENDS "ends"
    ENDS_AFTER "Ends after so many days"
    ENDS_HINT "Leave it empty for a key that does not end by itself."
    END_BACK "Handed back"
    END_BACK_BY "Handed back by"
    END_ELSEWHERE "Ended with another conversation"
    END_ERASED "Erased"
    END_KEY "End"
    END_KEY_SURE "Programs that use this key are refused from then on. This cannot be undone."
    END_PAUSE "Pause ended"
    END_RESOLVED "Resolved by"
    END_SESSIONS "Sign out everywhere"
    END_TAKEN "Taken over"
    ENTRIES "entries"
    ERASE "Erase this client"
    ERASE_SURE "Every message, name and number of this client is removed for good, in all conversations. This cannot be undone."
    EVENT_BUS "Also announce handovers on the stack's event bus"
    EVIDENCE "Evidence"
    EVIDENCE_FLOOR "Least evidence, in percent"
    EVIDENCE_HINT "An answer that stands on less counts as a lack of knowledge."
    EXAMPLE_PHRASES "Example phrases"
    EXPORT_CONTACT "Download everything that is kept"
    EXPORT_CSV "Export CSV"
    EXPORT_JSON "Export JSON"
    FAILED_ATTEMPTS "Failed attempts"
    FAILURE_TEXT "Fires when the bot's answers on the same question keep failing to help."
    FATE_DELIVERED "Delivered"
    FATE_FAILED "Not delivered"
    FATE_READ "Read"
    FATE_SENT "Sent"
    FATE_SUPPRESSED "Held back: control had changed"
    FATE_UNDER_WAY "On its way"
    FATE_UNKNOWN "Nobody knows whether it arrived"
    FINAL_MESSAGE "Final message"
    FIRST_ANSWER "First answer"
    FIRST_PAGE "First page"
    FOLD "Seconds to wait for more messages"
    FOLD_HINT "Messages that come one after the other are answered together."
    FOLLOW_UP "To follow up"
    FORM_TOO_OLD "This page was too old"
    FORM_TOO_OLD_DETAIL "Nothing has been done. Go back, reload the page, and try again"
    GUARD "Not a request"
    HANDOVERS "Handovers"
    HANDOVER_ON "Human handover is on for this bot"
    HAND_BACK "Hand back to the bot"
    HAND_BACK_TEXT "The bot answers from now on. The conversation stays assigned."
    HAS_IT "has this conversation."
    HOURS "hours"
    HOW_ASKED "The bot"
    HUMAN_HANDOVER "Human Handover"
    HUMAN_TEXT "Fires when a client asks for a person, in any words, or with one of your example phrases."
    IMPORT "Import"
    IMPORT_FILE "Choose a CSV file"
    IMPORT_HINT "CSV with the columns question, answer and, if you like, alternatives."
    IMPORT_LABEL "Paste a table"
    IMPORT_REPLACE "Remove what is not in the table"
    INBOX "Inbox"
    INBOXES "Inboxes"
    IN_AND_OUT "Import and export"
    IN_APP "In app"
    KEPT "What is kept"
    KNOWLEDGE "Knowledge"
    KNOWLEDGE_TEXT "Fires when the bot has no answer, or one that stands on too little."
    KNOWN_SINCE "Known since"
    LABS "Labs"
    LABS_HOW "Switch it on in the account settings."
    LABS_OFF "Human handover is switched off for this account: no new handover starts."
    LABS_SWITCH "Human handover"
    LABS_TEXT "Off: no new handover starts, in any bot. Open ones end as they would."
    LAST "Last"
    LAST_OWNER "The last owner stays"
    LAST_OWNER_DETAIL "Make somebody else an owner first"
    LET_GO "Let it go"
    LET_GO_SURE "It is removed for good, with a line in the audit log."
    LINK_LEAD "This link signs you in once."
    LINK_USED "This link does not work any more"
    LINK_USED_DETAIL "It works once, for an hour. Ask for another one, or sign in with your e-mail address"
    LOCKED_BOT "The bot is answering. Take over to write yourself."
    LOCKED_WAITING "Nobody has claimed this conversation yet. Claim it to write."
    LOOP_GUARD "Keep a conversation with people after three handovers in 24 hours"
    MADE "Made"
    MARK_READ "Mark as read"
    MATCHED_PHRASE "Matched the phrase"
    MAX_RETRIES_HINT "How often the bot may try again before a person takes over."
    MAX_RETRIES_LABEL "Retries"
    MAY "It may"
    MEMBERS "Members"
    MEMBERS_COUNT "members"
    MENU "Menu"
    MINE "Mine"
    MINUTES "minutes"
    MOVE_DOWN "Move down"
    MOVE_UP "Move up"
    MY_STAFF "My Staff"
    NAME "Name"
    NAVIGATION "Main"
    NEEDED "needed:"
    NEW_CUSTOM "My scenario"
    NEW_CUSTOM_PHRASE "I have a question about my contract"
    NEW_TAG "New tag"
    NEXT_PAGE "Next page"
    NOBODY "Nobody"
    NOBODYS "Nobody's"
    NOBODY_CLAIM "Nobody: it waits until somebody claims it"
    NOBODY_WAITS "Nobody is waiting"
    NOBODY_WAITS_TEXT "Conversations that need a person and have none appear here, oldest first."
    NONE_YET "None yet"
    NOTHING_ALL "No conversation is with people"
    NOTHING_ALL_TEXT "The bots are answering everything."
    NOTHING_BOT "No conversations yet"
    NOTHING_BOT_TEXT "They appear here as soon as a client writes."
    NOTHING_FOLLOW_UP "Nothing to follow up"
    NOTHING_FOLLOW_UP_TEXT "Conversations that the bot has back, with a task or an answer still due, appear here."
    NOTHING_LEFT "Nothing here"
    NOTHING_LEFT_TEXT "Every handover of this period was answered, and in time."
    NOTHING_MINE "Nothing is assigned to you"
    NOTHING_MINE_TEXT "Claim a waiting conversation and it appears here."
    NOTHING_QUARANTINED "Nothing is in quarantine"
    NOTHING_QUARANTINED_TEXT "What comes in and cannot be processed is kept here."
    NOTHING_TEAM "Nothing waits for this team"
    NOTHING_TEAM_TEXT "Conversations that are given to the team appear here until somebody claims them."
    NOTIFICATIONS "Notifications"
    NOTIFICATION_SETTINGS "Notification settings"
    NOTIFICATION_TEXT "Where to be told when something is assigned."
    NOTIFY_TEXT "Quote clients in notifications"
    NOTIFY_TEXT_HINT "E-mails, texts and chats then carry what the client wrote."
    NOT_A_NUMBER "must be a whole number"
    NOT_YOURS "This page is for admins"
    NOT_YOURSELF "You cannot remove yourself"
    NOT_YOURSELF_DETAIL "Ask another admin"
    NOT_YOURS_DETAIL "Ask an admin or the owner of the account"
    NOW "Now"
    NO_ACTIONS "No scenarios yet"
    NO_ACTIONS_TEXT "Add the first one on the left: when should a person take over?"
    NO_ANSWER_FOUND "Nothing fits: the bot would say that it does not have that."
    NO_ANSWER_HINT "Said when the bot has no answer and nobody takes over."
    NO_ANSWER_MESSAGE "Message when there is no answer"
    NO_BOTS "No bots yet"
    NO_BOTS_TEXT "Add one below, then set up when it hands over."
    NO_BOT_HERE "No bot"
    NO_CHANGES "Nothing has been changed yet"
    NO_CHANGES_TEXT "Every edit of a setting leaves a line here."
    NO_EMAIL "No e-mail address"
    NO_ENTRIES "The bot knows nothing yet"
    NO_ENTRIES_TEXT "Add questions and answers below, or import a table."
    NO_HANDOVERS "No handovers yet"
    NO_HANDOVERS_TEXT "Each time people take over, it is listed here."
    NO_INBOXES "No inboxes yet"
    NO_INBOXES_TEXT "Add the first: where do your clients write?"
    NO_INBOX_HAS_IT "No inbox has this bot yet"
    NO_KEYS "No API keys"
    NO_KEYS_TEXT "Programs need one to use the API."
    NO_NOTES "Nothing to tell"
    NO_NOTES_TEXT "You are told here when something is assigned to you, or needs you."
    NO_REPORT "No handovers in this period"
    NO_REPORT_TEXT "As soon as people take over, numbers and charts appear here."
    NO_SMS "No SMS notifications"
    NO_TASKS "No open tasks"
    NO_TASKS_TEXT "Follow-ups of handovers appear here, the next due first."
    NO_TEAMS "No teams yet"
    NO_TEAMS_TEXT "A team shares conversations until one of its members claims them."
    NO_TEXT_KEPT "The text is not kept."
    OF "of"
    ONLY_BEGINNING "Only the beginning is shown."
    ONLY_OWNER "Only an owner can do this"
    ONLY_OWNER_DETAIL "Owners are made, changed and removed by owners"
    OPEN "Open"
    OPEN_CONVERSATION "Open conversation"
    OPTED_OUT "The client wants no messages: nothing can be sent."
    OPTED_OUT_SHORT "Opted out"
    ORDER_MATTERS "The first one that fits takes the conversation."
    OVERDUE "Overdue"
    OWNER "Owner"
    OWNER_BOT "Bot"
    OWNER_WAITING "Waiting"
    PAGES "Pages of the list"
    PARTS_OF_BOT "Parts of this bot"
    PAUSE_ALL "A handover pauses the bot in all of the client's inboxes"
    PAUSE_BOT "Pause the bot"
    PAUSE_FOR "For"
    PAUSE_THE_BOT "Pause the bot"
    PERIOD "Period"
    PER_DAY "Handovers a day"
    PER_SCENARIO "Handovers by reason"
    PHI "No health or other sensitive data here unless it is needed: what you type is stored, and goes through messaging providers."
    PHI_TRIED "Nothing of it is kept. Still, leave health and other sensitive data out."
    PHONE "Phone"
    PHONE_HINT "For texts, such as +4930123456."
    PHRASE "Phrase"
    PHRASES_HINT "What a client might write. A message that has the phrase in it fires this scenario."
    PHRASE_LABEL "Example phrase"
    PRODUCT "Handover"
    PUT_ASIDE_BY "Put aside by"
    QUARANTINE "Quarantine"
    QUARANTINE_TEXT "What came in and could not be processed. It is kept for 40 days."
    QUESTION "Question"
    QUIET "Minutes of quiet before the bot returns"
    QUIET_HINT "After a pause, the bot waits this long after the last answer of a person."
    REASON "Reason"
    REASSIGN "Reassign"
    REMOVE "Remove"
    REMOVED "removed"
    REMOVE_ACTION "Remove this scenario"
    REMOVE_ACTION_SURE "New handovers of this kind stop. Open ones end as they would."
    REMOVE_BOT "Remove this bot"
    REMOVE_BOT_SURE "It goes with its connector's secrets and all that it knows. This cannot be undone. Inboxes must have another bot, or none, first."
    REMOVE_ENTRY_SURE "The bot forgets this answer within 30 seconds."
    REMOVE_INBOX "Remove this inbox"
    REMOVE_INBOX_SURE "Nothing that clients write to it arrives any more, and its secrets are gone. Conversations stay to be read. This cannot be undone."
    REMOVE_STAFF "Remove this staff member"
    REMOVE_STAFF_SURE "They are signed out, and their conversations and tasks become unassigned. The admins are told."
    REMOVE_TEAM "Remove this team"
    REMOVE_TEAM_SURE "Its conversations and tasks become unassigned. The admins are told."
    REPLY_BY "Reply by"
    REPORTS "Reports"
    RESOLVE "Resolve"
    RESOLVE_TEXT "The bot answers from now on, nobody is assigned, and the task closes."
    RETENTION "Days that conversations are kept"
    RETENTION_HINT "40 to 3650."
    RETIRE "End the old value"
    RETIRE_SURE "What is still signed with the old value is refused from then on."
    REVISION "Revision"
    ROLE "Role"
    ROLE_HINT "Staff answer. Admins also configure. Owners also make admins owners."
    ROTATING "Two values are valid while you change it at the provider."
    SAVE "Save"
    SCENARIO "Scenario"
    SCENARIOS "Scenarios"
    SCENARIO_CUSTOM "Custom scenario"
    SCENARIO_FAILURE "Repeated failure"
    SCENARIO_HUMAN "Human requested"
    SCENARIO_KNOWLEDGE "Lack of knowledge"
    SCORE "Score"
    SCORE_HUMAN "Asks for a person"
    SECRET "Secret"
    SECRET_API_KEY "API key"
    SECRET_KNOWN "Set. Type a new value to change it."
    SECRET_SIGNING "Signing secret"
    SEND "Send"
    SEND_AGAIN "Send it on its way again"
    SEND_CODE "Send me a code"
    SEND_NOTHING "Send nothing"
    SEND_THIS "Send this message"
    SENSITIVITY "Sensitivity"
    SENSITIVITY_HINT "How sure it must be that the client wants a person."
    SESSIONS "Signed-in browsers"
    SESSIONS_TEXT "Lost a phone or used somebody else's computer? This ends every session, here too."
    SETTINGS "Settings"
    SET_UP_ACTIONS "Set up your actions"
    SET_UP_STEPS "Set it up at the provider"
    SHOW "Show"
    SHOWN_ONCE "Copy it now"
    SHOWN_ONCE_TEXT "It is shown this once, and cannot be shown again."
    SIGN_IN "Sign in"
    SIGN_IN_FIRST "First time? The stack's operator has a one-time link for the first owner."
    SIGN_IN_LEAD "We send a code to your e-mail address."
    SIGN_OUT "Sign out"
    SINCE "since"
    SKIP "Skip to content"
    SKIP_IF_ASSIGNED "Skip if the contact is already assigned to somebody"
    SMS_HINT "An SMS inbox that texts to staff are sent from."
    SMS_INBOX "SMS to staff from"
    SOMEBODY "A client"
    SOMEBODY_ELSEWHERE "Somebody in the provider's app"
    SOMEBODY_GONE "Somebody who has left"
    SOMEBODY_IN "Somebody in"
    SOURCES "sources"
    STAFF_MEMBERS "Staff"
    STORE_TEXT "Keep what is said"
    STORE_TEXT_HINT "Off: transcripts have no text. Queues still hold it until it is processed."
    STRICT "Strict: only clear requests"
    TAGS "Tags"
    TAKEOVER_PAUSE "When somebody steps in, pause the bot"
    TAKE_IT_OVER "Assign it to me"
    TAKE_OFF "Take off"
    TAKE_OVER "Take over"
    TASKS "Tasks"
    TASK_ASSIGNED "A task is assigned"
    TASK_DONE "Task done"
    TASK_DUE "Task due"
    TEAMS "Teams"
    THEN "What happens then"
    THE_THING "What came in"
    TIME_TO_CLAIM "Median until claimed"
    TIME_TO_REPLY "Median until answered"
    TIME_TO_REPLY_90 "9 of 10 answered within"
    TOLD_BY "Told by"
    TOLD_NOWHERE "Told nowhere"
    TOO_MUCH "Too much for one file"
    TOO_MUCH_DETAIL "The API exports it page by page"
    TOO_OFTEN "Too many sign-ins"
    TOO_OFTEN_DETAIL "Wait an hour, then try again"
    TO_INBOX "To the inbox"
    TRANSCRIPT "Transcript"
    TRIED_NOTHING "Nothing: it stepped aside at once."
    TRY "Try"
    TRY_IT "Try it"
    TRY_LABEL "What a client might write"
    TRY_QUESTION "What a client might ask"
    UNANSWERED "When the bot returns and a client still waits"
    UNANSWERED_AGAIN "Hand over again"
    UNANSWERED_ANSWER "The bot answers them"
    UNANSWERED_COUNT "Not answered"
    UNANSWERED_ONE "Not answered"
    UNANSWERED_QUIET "Say nothing"
    UNKNOWN_IS_HUMAN "A message of ours that nobody can tell whose it is counts as a person's"
    UNTIL_HANDED_BACK "Until somebody hands back"
    VALUE "Value"
    VERSION "Version"
    VIEWS "Views"
    WAITING "Waiting"
    WAITS_SINCE "Waits since"
    WEBHOOK_TEXT "The provider delivers messages to this address. Treat it as a secret."
    WEBHOOK_URL "Webhook address"
    WHAT "What"
    WHAT_FOR "What it is for"
    WHAT_IT_TRIED "What it tried"
    WHAT_NOW "What now"
    WHEN "When"
    WHEN_HANDED_BACK "When somebody hands back"
    WHICH_ACCOUNT "Which account?"
    WHICH_PROVIDER "Who carries your clients' messages?"
    WHO "Who"
    WHOLE_TEXT "Show all"
    WHOSE "Whose tasks"
    WHY "Why?"
    WHY_STEPPED_ASIDE "Why the bot stepped aside"
    WITH_BOT "With the bot"
    WITH_PEOPLE "With people"
    WOULD_FIRE "This would fire"
    YOUR_ANSWER "Your answer"
}

/// What was done, by the word in the address that one comes back to.
pub(super) fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "saved" => "Saved.",
        "added" => "Added.",
        "removed" => "Removed.",
        "imported" => "Imported.",
        "on" => "Switched on.",
        "off" => "Switched off.",
        "claim" => "This conversation is yours now.",
        "assign" => "Assigned.",
        "reply" => "Sent.",
        "hand-back" => "The bot has the conversation again.",
        "resolve" => "Resolved. The bot has the conversation again.",
        "pause" => "The bot is paused.",
        "tag" => "Tags changed.",
        "task" => "The task is done.",
        "erase" => "The client is being erased. It takes a few minutes.",
        "ended" => "The key is ended.",
        "redriven" => "It is on its way again.",
        "gone" => "It is gone.",
        _ => return None,
    })
}

/// Why people have a conversation.
pub(super) fn reason(name: &str) -> &'static str {
    match name {
        "human_requested" => "The client asked for a person",
        "lack_of_knowledge" => "The bot did not know",
        "repeated_failure" => "The bot failed repeatedly",
        "custom" => "A scenario of your own",
        "takeover" => "Somebody stepped in",
        "pause" => "Somebody paused the bot",
        "elsewhere" => "Another conversation of this client is with people",
        _ => "",
    }
}

/// The same where there is little room.
pub(super) fn reason_short(name: &str) -> &'static str {
    match name {
        "human_requested" => "Asked",
        "lack_of_knowledge" => "Not known",
        "repeated_failure" => "Failed",
        "custom" => "Custom",
        "takeover" => "Stepped in",
        "pause" => "Paused",
        _ => "",
    }
}

pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Staff => "Staff",
    }
}

pub(super) const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Look",
        Scope::Write => "Look, and give commands",
        Scope::Admin => "Everything",
    }
}

pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "SMS",
        Channel::WhatsApp => "WhatsApp",
        Channel::Messenger => "Messenger",
        Channel::Instagram => "Instagram",
        Channel::Telegram => "Telegram",
        Channel::Slack => "Slack",
        Channel::Line => "LINE",
        Channel::Viber => "Viber",
        Channel::Web => "Web chat",
        Channel::Other => "Other",
    }
}

pub(super) const fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => "Your own system (JSON)",
        Provider::Twilio => "Twilio Messaging",
        Provider::TwilioConversations => "Twilio Conversations",
        Provider::WhatsApp => "WhatsApp Cloud API",
        Provider::Messenger => "Facebook Messenger",
        Provider::Instagram => "Instagram",
        Provider::HighLevel => "HighLevel",
        Provider::Telegram => "Telegram",
        Provider::Slack => "Slack",
        Provider::Line => "LINE",
        Provider::Chatwoot => "Chatwoot",
        Provider::Intercom => "Intercom",
        Provider::Vonage => "Vonage",
        Provider::Sinch => "Sinch",
        Provider::MessageBird => "MessageBird",
        Provider::Bird => "Bird",
        Provider::Viber => "Viber",
        Provider::Sunshine => "Sunshine Conversations",
    }
}

/// What came in that has no words.
pub(super) fn content(kind: &str) -> &'static str {
    match kind {
        "image" => "Picture",
        "audio" => "Voice message",
        "video" => "Video",
        "document" => "Document",
        "sticker" => "Sticker",
        "location" => "Location",
        "contact" => "Contact card",
        _ => "Something that cannot be shown",
    }
}

pub(super) const fn guard(guard: Guard) -> &'static str {
    match guard {
        Guard::Negation => "the client says not to",
        Guard::AboutTheBot => "it asks what the bot is",
        Guard::ThirdParty => "it is about somebody else",
        Guard::PastEvent => "it is about something past",
        Guard::Conditional => "it only imagines it",
    }
}

pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::HandedOver => "Handed over to people",
        Verdict::LabsOff => "No handover: switched off for the account",
        Verdict::HandoverOff => "No handover: switched off for the bot",
        Verdict::NoEnabledAction => "No handover: no scenario is switched on for this",
        Verdict::CoolingDown => "No handover: the same scenario fired a moment ago",
        Verdict::NoBot => "No bot answers here",
        Verdict::Turn => "The bot answers",
        Verdict::Folded => "Answered together with the next message",
        Verdict::ExternalBot => "The bot elsewhere answers",
        Verdict::MessageCap => "The bot has said enough for today",
        Verdict::Unreadable => "Nothing in it that a bot can read",
        Verdict::Paused => "Waits for a person",
        Verdict::AskedAgain => "Asked for a person again",
        Verdict::TooOld => "Came too late to act on",
        Verdict::BeforeHandBack => "Crossed with the hand-back",
        Verdict::OptedOut => "The client wants no messages",
        Verdict::Noted => "Noted",
        Verdict::BotReplied => "The bot answered",
        Verdict::NoAnswer => "The bot had no answer",
        Verdict::StaleOutcome => "The bot's answer came too late",
        Verdict::TakenOver => "Somebody stepped in",
        Verdict::StaffReplied => "Answered by a person",
        Verdict::Claimed => "Claimed the conversation",
        Verdict::Assigned => "Assigned the conversation",
        Verdict::HandedBack => "Handed back to the bot",
        Verdict::Resolved => "Resolved",
        Verdict::PauseSet => "Paused the bot",
        Verdict::Tagged => "Changed the tags",
        Verdict::TaskDone => "Task done",
        Verdict::PauseEnded => "The pause ended: the bot is back",
        Verdict::PromiseMissed => "Nobody answered in time",
        Verdict::Linked => "Linked to another conversation",
        Verdict::Unlinked => "Unlinked",
        Verdict::Erased => "Erased",
        Verdict::TaskOverdue => "The task is overdue",
        Verdict::WindowClosing => "Soon the channel takes no more answers",
        Verdict::Refused => "Refused",
    }
}

/// Why a handover action would fire, or why not.
pub(super) const fn why(why: Why) -> &'static str {
    match why {
        Why::Phrase => "Fires: the message matches a phrase.",
        Why::Meaning => "Fires: the client asks for a person.",
        Why::AnotherFirst => "Would fit, but another scenario comes first.",
        Why::SwitchedOff => "Would fit, but is switched off.",
        Why::HandoverOff => "Would fit, but human handover is switched off.",
        Why::Guarded => "Does not fire: the words are there, but it is no request.",
        Why::TooLow => "Does not fire: too unsure, and no phrase matches.",
        Why::NoPhrase => "Does not fire: no phrase matches.",
        Why::OnTheAnswer => "Is judged on the bot's answer, not on the message.",
    }
}

pub(super) const fn notification(about: NotificationKind) -> &'static str {
    match about {
        NotificationKind::ConversationAssigned => "A conversation is assigned to you",
        NotificationKind::TaskAssigned => "A task is assigned to you",
        NotificationKind::ConversationWaiting => "A conversation waits for somebody to claim it",
        NotificationKind::PromiseMissed => "A client has not been answered in time",
        NotificationKind::Unanswered => "A pause is over, and a client was not answered",
        NotificationKind::WindowClosing => "A client waits, and soon cannot be answered any more",
        NotificationKind::TaskOverdue => "A task is overdue",
        NotificationKind::Urgent => "A client asks for a person again",
        NotificationKind::DeliveryFailed => "A message did not reach a client",
        NotificationKind::NotConfigured => "A client needed a person, and no scenario says what to do",
        NotificationKind::AssigneeMissing => "A scenario assigns to somebody who is not there any more",
        NotificationKind::LoopGuard => "A conversation stays with the team: it came back too often",
        NotificationKind::Quarantined => "Something that came in could not be read",
        NotificationKind::AssigneeLeft => "Conversations of somebody who was removed wait unassigned",
    }
}

/// A field that is wrong, as people know it; what nobody knows has no name.
pub(super) fn field(field: &str) -> String {
    let last = field.rsplit('.').next().unwrap_or_default();
    let last = last.split('[').next().unwrap_or_default();
    let name = match last {
        "actions" => "Scenarios:",
        "name" => "Name:",
        "email" => "E-mail address:",
        "phone" => "Phone:",
        "chat_webhook" => "Chat webhook:",
        "phrases" => "Example phrases:",
        "closing_message" => "Final message:",
        "pause" | "takeover_pause" => "Pause:",
        "tag" => "Tag:",
        "text" => "Text:",
        "reason" => "Reason:",
        "retention_days" => "Days that conversations are kept:",
        "question" => "Question:",
        "answer" => "Answer:",
        "to" => "Assign to:",
        "days" => "Days:",
        other => {
            return if other.is_empty() { String::new() } else { format!("{}:", other.replace('_', " ")) };
        }
    };
    name.to_owned()
}

/// What a check of a bot is about, where its message needs it.
pub(super) fn lint_field(field: &str) -> &'static str {
    match field {
        "account.labs.human_handover" => "Human handover of the account",
        "handover" => "Human handover of this bot",
        "faq" => "What the bot knows",
        "connector" => "The bot's connection",
        "connector.url" => "The bot's address",
        "connector.model" => "The bot's model",
        _ => match field.rsplit_once(']').map(|(_, part)| part) {
            Some(".assign.to") => "The one it is assigned to",
            Some(".pause") => "The pause",
            _ => "",
        },
    }
}

/// What was changed, by its kind in the journal.
pub(super) fn changed(kind: &str, part: Option<&str>) -> &'static str {
    match (kind, part) {
        ("account", _) => "Account settings",
        ("bot", Some("faq")) => "Knowledge",
        ("bot", Some("secrets")) => "Secrets of a bot",
        ("bot", _) => "Bot",
        ("inbox", _) => "Inbox",
        ("staff", _) => "Staff member",
        ("team", _) => "Team",
        ("api-key", _) => "API key",
        ("webhook", _) => "Webhook",
        ("quarantine", _) => "Quarantine",
        ("contact", _) => "Contact",
        _ => "Setting",
    }
}

/// A setting of a provider, by its name, as people read it.
pub(super) fn setting(name: &str) -> String {
    let words = name.split('_').enumerate().map(|(index, word)| match word {
        "sid" | "url" | "id" | "api" | "jwt" | "ip" | "hmac" => word.to_uppercase(),
        word if index == 0 => {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
                .unwrap_or_default()
        }
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
