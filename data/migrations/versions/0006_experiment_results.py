"""Results of experiments, and analyses of files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import data.schema

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('experiment_days',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('signature', sa.String(length=64), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_experiment_days')),
    sa.UniqueConstraint('key', 'day', name=op.f('uq_experiment_days_key_day'))
    )
    op.create_table('experiment_files',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('notes', sa.Text(), server_default='', nullable=False),
    sa.Column('added_at', data.schema.UtcDateTime(timezone=True), nullable=False),
    sa.Column('added_by', sa.String(length=100), nullable=False),
    sa.Column('removed_at', data.schema.UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('body', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_experiment_files'))
    )
    op.create_table('experiment_results',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('as_of', data.schema.UtcDateTime(timezone=True), nullable=False),
    sa.Column('computed_at', data.schema.UtcDateTime(timezone=True), nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('experiment', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('unknown_variations', sa.BigInteger(), nullable=False),
    sa.Column('last_exposure_at', data.schema.UtcDateTime(timezone=True), nullable=True),
    sa.Column('days_computed', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_experiment_results_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_experiment_results')),
    sa.UniqueConstraint('key', name=op.f('uq_experiment_results_key'))
    )


def downgrade() -> None:
    op.drop_table('experiment_results')
    op.drop_table('experiment_files')
    op.drop_table('experiment_days')
