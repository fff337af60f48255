"""Trainings, trained models, their quality by group, and runs that computed recommendations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('trainings',
    sa.Column('id', big, autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('at', time, nullable=False),
    sa.Column('as_of', time, nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('repeats', sa.Boolean(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('items', sa.BigInteger(), nullable=False),
    sa.Column('interactions', sa.BigInteger(), nullable=False),
    sa.Column('split', json, nullable=False),
    sa.Column('settings', json, nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.Column('warnings', json, nullable=False),
    sa.Column('code_version', sa.String(length=64), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_trainings_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trainings'))
    )
    with op.batch_alter_table('trainings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trainings_fingerprint'), ['fingerprint'], unique=False)
    op.create_table('model_comparisons',
    sa.Column('training_id', sa.BigInteger(), nullable=False),
    sa.Column('one', sa.String(length=64), nullable=False),
    sa.Column('other', sa.String(length=64), nullable=False),
    sa.Column('metric', sa.String(length=32), nullable=False),
    sa.Column('difference', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=False),
    sa.Column('high', sa.Float(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['training_id'], ['trainings.id'], name=op.f('fk_model_comparisons_training_id_trainings')),
    sa.PrimaryKeyConstraint('training_id', 'one', 'other', 'metric', name=op.f('pk_model_comparisons'))
    )
    op.create_table('trained_models',
    sa.Column('id', big, autoincrement=True, nullable=False),
    sa.Column('training_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('params', json, nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=True),
    sa.Column('metrics', json, nullable=False),
    sa.Column('curves', json, nullable=False),
    sa.Column('path', sa.String(length=200), nullable=True),
    sa.Column('tracked', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['training_id'], ['trainings.id'], name=op.f('fk_trained_models_training_id_trainings')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trained_models'))
    )
    with op.batch_alter_table('trained_models', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trained_models_training_id'), ['training_id'], unique=False)
    op.create_table('model_groups',
    sa.Column('model_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=False),
    sa.Column('high', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['trained_models.id'], name=op.f('fk_model_groups_model_id_trained_models')),
    sa.PrimaryKeyConstraint('model_id', 'kind', 'key', name=op.f('pk_model_groups'))
    )
    op.create_table('recommendation_runs',
    sa.Column('id', big, autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('at', time, nullable=False),
    sa.Column('as_of', time, nullable=False),
    sa.Column('model_id', sa.BigInteger(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('k', sa.Integer(), nullable=False),
    sa.Column('rewritten', sa.BigInteger(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['trained_models.id'], name=op.f('fk_recommendation_runs_model_id_trained_models')),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_recommendation_runs_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recommendation_runs'))
    )


def downgrade() -> None:
    op.drop_table('recommendation_runs')
    op.drop_table('model_groups')
    with op.batch_alter_table('trained_models', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_trained_models_training_id'))
    op.drop_table('trained_models')
    op.drop_table('model_comparisons')
    with op.batch_alter_table('trainings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_trainings_fingerprint'))
    op.drop_table('trainings')
