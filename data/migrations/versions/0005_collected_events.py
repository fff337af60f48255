"""How far collected events were moved, their counts, and what was refused."""

import sqlalchemy as sa
from alembic import op

import data.schema

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('collect_positions',
    sa.Column('segment', sa.String(length=64), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('segment', name=op.f('pk_collect_positions'))
    )
    op.create_table('collect_hours',
    sa.Column('hour', data.schema.UtcDateTime(), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.Column('added', sa.BigInteger(), nullable=False),
    sa.Column('duplicates', sa.BigInteger(), nullable=False),
    sa.Column('rejected', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('hour', 'key_id', name=op.f('pk_collect_hours'))
    )
    op.create_table('collect_rejections',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('last_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('example', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'key_id', 'reason', name=op.f('pk_collect_rejections'))
    )


def downgrade() -> None:
    op.drop_table('collect_rejections')
    op.drop_table('collect_hours')
    op.drop_table('collect_positions')
