"""Who belongs to which segment, and uploaded lists."""

import sqlalchemy as sa
from alembic import op

import data.schema

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('id_lists',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('path', sa.String(length=400), nullable=False),
    sa.Column('rows_read', sa.BigInteger(), nullable=False),
    sa.Column('blank', sa.BigInteger(), nullable=False),
    sa.Column('duplicate', sa.BigInteger(), nullable=False),
    sa.Column('invalid', sa.BigInteger(), nullable=False),
    sa.Column('kept', sa.BigInteger(), nullable=False),
    sa.Column('known', sa.BigInteger(), nullable=True),
    sa.Column('encoding', sa.String(length=16), nullable=False),
    sa.Column('uploaded_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('uploaded_by', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_id_lists'))
    )
    with op.batch_alter_table('id_lists', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_id_lists_key_id'), ['key', 'id'], unique=False)

    op.create_table('membership_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('follows', sa.BigInteger(), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('trait_run_id', sa.BigInteger(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_membership_runs_run_id_pipeline_runs')),
    sa.ForeignKeyConstraint(['trait_run_id'], ['trait_runs.id'], name=op.f('fk_membership_runs_trait_run_id_trait_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_runs')),
    sa.UniqueConstraint('follows', name=op.f('uq_membership_runs_follows'))
    )
    op.create_table('segment_sizes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('membership_run_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=False),
    sa.Column('computed_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('revenue_share', sa.Float(), nullable=True),
    sa.Column('joined', sa.BigInteger(), nullable=True),
    sa.Column('left', sa.BigInteger(), nullable=True),
    sa.Column('path', sa.String(length=400), nullable=True),
    sa.Column('backcast', sa.Boolean(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['membership_run_id'], ['membership_runs.id'], name=op.f('fk_segment_sizes_membership_run_id_membership_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_segment_sizes'))
    )
    with op.batch_alter_table('segment_sizes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_segment_sizes_key_id'), ['key', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('segment_sizes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_segment_sizes_key_id'))

    op.drop_table('segment_sizes')
    op.drop_table('membership_runs')
    with op.batch_alter_table('id_lists', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_id_lists_key_id'))

    op.drop_table('id_lists')
