"""Dialogues run through the real jobs and the sandbox; a wrong expectation must show."""

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.evaluation.dialogues import play_all
from app.evaluation.lines import BookingStep, Dialogue, EndState, PatientStep, StaffStep, Step
from app.evaluation.stage import StageClock, set_up
from app.models.enums import CampaignStatus, CampaignType, ChannelType, MessageKind
from app.services import invariants
from app.settings import Settings
from tests.conftest import MONDAY_MORNING

END = EndState(status=CampaignStatus.RE_ENGAGED, sent=(MessageKind.REPLY,), opted_out=False, handoff=False)


def dialogue(number: int, *steps: Step, expected: EndState = END, channel: ChannelType = ChannelType.SMS) -> Dialogue:
    return Dialogue(id=f"d{number}", channel=channel, campaign=CampaignType.RECALL, steps=steps, expected=expected)


async def test_dialogues_end_where_the_product_puts_them(settings: Settings, database: Database) -> None:
    clock = StageClock(MONDAY_MORNING)
    ctx: Context = build_context(settings, database, now=clock)
    stage = await set_up(ctx)
    yes = PatientStep(patient=("yes please, book me in",))
    stop = EndState(
        status=CampaignStatus.RECOVERY_DECLINED,
        sent=(MessageKind.OPT_OUT_CONFIRMATION,),
        opted_out=True,
        handoff=False,
    )
    booked = EndState(
        status=CampaignStatus.BOOKING_INITIATED,
        sent=(MessageKind.REPLY, MessageKind.CONFIRMATION),
        opted_out=False,
        handoff=False,
    )
    plays = [
        dialogue(1, yes),
        dialogue(2, PatientStep(patient=("STOP",)), expected=stop),
        dialogue(3, PatientStep(patient=("STOP",))),  # wrong on purpose
        dialogue(4, yes, BookingStep(books=True), expected=booked, channel=ChannelType.EMAIL),
        dialogue(5, StaffStep(staff="x", new_status=CampaignStatus.RECOVERED)),  # no such move
    ]
    endings = await play_all(ctx, stage, clock, plays, on_each=lambda: None)
    verdicts = {ending.id: ending.as_expected for ending in endings}
    assert (verdicts["d1"], verdicts["d2"], verdicts["d3"], verdicts["d4"]) == (True, True, False, True)
    assert endings[2].end == stop
    assert endings[4].end is None
    assert not verdicts["d5"]
    assert not [name for name, found in (await invariants.check(ctx)).items() if found]
