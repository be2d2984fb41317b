"""What an answer by e-mail names, so that it stays in the patient's thread (stack.md 2d; RFC 5322, 3.6.4)."""

import pytest

from app.channels.email_reports import CalendarReply
from app.context import Context
from app.domain.bounces import Bounce
from app.models.campaigns import Campaign
from app.models.enums import Author, ChannelType, Direction, InboundSource
from app.models.interactions import Interaction
from app.services import conversations, inbound, matching
from app.services.conversations import MOST_REFERENCES
from app.services.inbound import InboundMessage
from tests.services import stage


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    return await stage.running_campaign(stage.speaking(ctx))


async def say(ctx: Context, campaign: Campaign, number: int, **fields: object) -> None:
    values: dict[str, object] = {
        "campaign_id": campaign.id,
        "patient_id": campaign.patient_id,
        "direction": Direction.OUTGOING,
        "content": "text",
        "timestamp": ctx.now(),
        "channel": ChannelType.EMAIL,
        "author": Author.AI,
        "external_id": f"provider-{number}",
        "message_id": f"<{number}@mail.example>",
    }
    await Interaction.model_validate(values | fields).insert()


class TestReferences:
    async def test_nothing_yet(self, campaign: Campaign) -> None:
        assert await conversations.references_of(campaign.id) == ()
        assert await conversations.last_external_id(campaign.id) is None

    async def test_both_sides_oldest_first_each_once(self, ctx: Context, campaign: Campaign) -> None:
        await say(ctx, campaign, 1)
        await say(ctx, campaign, 2, direction=Direction.INCOMING, external_id="gmail:clinic@example.com:18c")
        await say(ctx, campaign, 3, message_id=None)
        await say(ctx, campaign, 4, message_id="<1@mail.example>")
        assert await conversations.references_of(campaign.id) == ("<1@mail.example>", "<2@mail.example>")

    async def test_a_long_thread_keeps_its_root_and_its_end(self, ctx: Context, campaign: Campaign) -> None:
        for number in range(MOST_REFERENCES + 10):
            await say(ctx, campaign, number)
        chain = await conversations.references_of(campaign.id)
        assert len(chain) == MOST_REFERENCES
        assert (chain[0], chain[1], chain[-1]) == ("<0@mail.example>", "<11@mail.example>", "<39@mail.example>")


class TestWhatAnAnswerNames:
    async def test_the_message_id_of_an_e_mail(self, ctx: Context, campaign: Campaign) -> None:
        await say(ctx, campaign, 1)
        await say(ctx, campaign, 2, direction=Direction.INCOMING, external_id="gmail:clinic@example.com:18c")
        assert await conversations.last_external_id(campaign.id) == "<2@mail.example>"

    async def test_the_providers_own_id_where_there_is_no_other(self, ctx: Context, campaign: Campaign) -> None:
        await say(ctx, campaign, 1, direction=Direction.INCOMING, external_id="twilio:SM1", message_id=None)
        assert await conversations.last_external_id(campaign.id) == "SM1"


class TestMatchByReferences:
    def answer(self, **fields: object) -> InboundMessage:
        values: dict[str, object] = {
            "source": InboundSource.GMAIL,
            "external_id": "clinic@example.com:18c",
            "channel": ChannelType.EMAIL,
            "sender": "somewhere.else@example.net",
            "text": "yes",
        }
        return InboundMessage(**(values | fields))  # type: ignore[arg-type]  # a table of keyword arguments

    @pytest.mark.parametrize(
        "fields",
        [
            {"in_reply_to": "<ours@mail.example>"},
            {"references": ("<other@x>", "<ours@mail.example>", "<later@x>")},
            {"in_reply_to": "<later@x>", "references": ("<ours@mail.example>", "<later@x>")},
            {"in_reply_to": "provider-id"},
        ],
    )
    async def test_any_of_our_ids(self, ctx: Context, campaign: Campaign, fields: dict[str, object]) -> None:
        await stage.scan(stage.speaking(ctx))
        row = await stage.only_row()
        await (
            type(row)
            .collection()
            .update_one({"_id": row.id}, {"$set": {"message_id": "<ours@mail.example>", "external_id": "provider-id"}})
        )
        found = await matching.match(self.answer(**fields))
        assert found is not None
        assert found.id == campaign.id

    async def test_ids_that_nobody_knows(self, campaign: Campaign) -> None:
        assert await matching.match(self.answer(in_reply_to="<x@y>", references=("<z@y>",))) is None

    async def test_what_a_mail_carries_comes_back_as_it_went_in(self, ctx: Context) -> None:
        sent = self.answer(
            message_id="<1@x>",
            references=("<0@x>",),
            quoted="> before",
            attachments=("a.pdf",),
            is_unverified=True,
            bounce=Bounce(status="5.1.1", is_hard=True),
            calendar_reply=CalendarReply(answer="declined", uid="visit-1"),
        )
        await inbound.store(ctx, sent)
        assert inbound.message_of(await stage.only_event()) == sent
