"""Each refund by Stripe's id, so that none counts twice, and none is left out.

Of the orders that are there, every refund that was told stands in the inbox, also one that was
ignored. What a sum holds beyond those keeps its place under the name `untold`.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE sagas ADD COLUMN refunds jsonb NOT NULL DEFAULT '{}';

        UPDATE sagas SET refunds = (
            SELECT coalesce(jsonb_object_agg(
                message #>> '{payload,stripe_refund_id}', message #> '{payload,amount}'
            ), '{}')
            FROM inbox
            WHERE inbox.correlation_id = sagas.id AND inbox.type = 'payment.refunded'
        )
        WHERE captured > 0 OR refunded > 0;

        WITH known AS (
            SELECT id, coalesce(sum(value::integer), 0) AS told
            FROM sagas LEFT JOIN jsonb_each_text(refunds) ON true
            WHERE captured > 0 OR refunded > 0
            GROUP BY id
        )
        UPDATE sagas SET
            refunds = CASE WHEN refunded > told
                THEN refunds || jsonb_build_object('untold', refunded - told)
                ELSE refunds END,
            refunded = greatest(refunded, told)
        FROM known
        WHERE known.id = sagas.id AND state <> 'refunded';
        """
    )
