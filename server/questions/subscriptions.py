"""What this feature does when something happens below it."""

from sqlalchemy import update

from server.base.events import Subscription
from server.base.tx import Tx
from server.identity.events import PersonRenamed
from server.questions.models import Answer, Question


async def show_new_name(tx: Tx, event: PersonRenamed) -> None:
    """Questions and answers carry their author's public name, so that a phone needs no other row to show them."""
    for model in (Question, Answer):
        await tx.db.execute(
            update(model)
            .where(model.author_id == event.user_id, model.author_name != event.public_name)
            .values(author_name=event.public_name)
        )


subscriptions = (Subscription(PersonRenamed, show_new_name),)
