"""The first store."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import data.schema

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_log',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('verified', sa.Boolean(), nullable=False),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('detail', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log'))
    )
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_log_subject'), ['subject'], unique=False)

    op.create_table('definitions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('owner', sa.String(length=100), nullable=False),
    sa.Column('tags', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('notes', sa.Text(), server_default='', nullable=False),
    sa.Column('draft', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('updated_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_definitions')),
    sa.UniqueConstraint('kind', 'key', name=op.f('uq_definitions_kind_key'))
    )
    op.create_table('imports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('rows_read', sa.BigInteger(), nullable=False),
    sa.Column('events_added', sa.BigInteger(), nullable=False),
    sa.Column('duplicates', sa.BigInteger(), nullable=False),
    sa.Column('rejected', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imports')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_imports_fingerprint'))
    )
    op.create_table('lake_versions',
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('dataset', sa.String(length=64), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('why', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_lake_versions'))
    )
    with op.batch_alter_table('lake_versions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lake_versions_dataset_version'), ['dataset', 'version'], unique=False)

    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_table('pipeline_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('job', sa.String(length=64), nullable=False),
    sa.Column('params', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('requested_by', sa.String(length=100), nullable=False),
    sa.Column('queued_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('started_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('finished_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('heartbeat_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('worker', sa.String(length=100), nullable=True),
    sa.Column('attempt', sa.Integer(), server_default='1', nullable=False),
    sa.Column('retry_of', sa.BigInteger(), nullable=True),
    sa.Column('cancel_requested', sa.Boolean(), server_default='0', nullable=False),
    sa.Column('progress', sa.Float(), server_default='0', nullable=False),
    sa.Column('message', sa.String(length=400), server_default='', nullable=False),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=True),
    sa.Column('dataset_version', sa.BigInteger(), nullable=True),
    sa.Column('rows', sa.BigInteger(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('result', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['retry_of'], ['pipeline_runs.id'], name=op.f('fk_pipeline_runs_retry_of_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pipeline_runs'))
    )
    with op.batch_alter_table('pipeline_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pipeline_runs_status_queued_at'), ['status', 'queued_at'], unique=False)

    op.create_table('workspace_facts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('currency', sa.String(length=8), nullable=True),
    sa.Column('clock_fixed_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('created_at', data.schema.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workspace_facts'))
    )
    op.create_table('lake_files',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('dataset', sa.String(length=64), nullable=False),
    sa.Column('snapshot', sa.String(length=64), server_default='', nullable=False),
    sa.Column('path', sa.String(length=400), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=True),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('added_in', sa.BigInteger(), nullable=False),
    sa.Column('removed_in', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['added_in'], ['lake_versions.version'], name=op.f('fk_lake_files_added_in_lake_versions')),
    sa.ForeignKeyConstraint(['removed_in'], ['lake_versions.version'], name=op.f('fk_lake_files_removed_in_lake_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lake_files')),
    sa.UniqueConstraint('path', name=op.f('uq_lake_files_path'))
    )
    with op.batch_alter_table('lake_files', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lake_files_dataset_snapshot_removed_in'), ['dataset', 'snapshot', 'removed_in'], unique=False)

    op.create_table('rejections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('example', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['imports.id'], name=op.f('fk_rejections_import_id_imports')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rejections'))
    )
    with op.batch_alter_table('rejections', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rejections_import_id'), ['import_id'], unique=False)

    op.create_table('run_steps',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('started_at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('finished_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('rows', sa.BigInteger(), nullable=True),
    sa.Column('message', sa.String(length=400), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_run_steps_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_steps')),
    sa.UniqueConstraint('run_id', 'position', name=op.f('uq_run_steps_run_id_position'))
    )
    op.create_table('summaries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('items', sa.BigInteger(), nullable=False),
    sa.Column('orders', sa.BigInteger(), nullable=False),
    sa.Column('revenue', sa.Float(), nullable=False),
    sa.Column('first_event_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('last_event_at', data.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_summaries_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_summaries'))
    )
    op.create_table('trait_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=False),
    sa.Column('dataset_version', sa.BigInteger(), nullable=False),
    sa.Column('lake_version', sa.BigInteger(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('traits', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_trait_runs_run_id_pipeline_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trait_runs'))
    )
    op.create_table('versions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('definition_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('body', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('evidence', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('author', sa.String(length=100), nullable=False),
    sa.ForeignKeyConstraint(['definition_id'], ['definitions.id'], name=op.f('fk_versions_definition_id_definitions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_versions')),
    sa.UniqueConstraint('definition_id', 'number', name=op.f('uq_versions_definition_id_number'))
    )
    op.create_table('cluster_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('as_of', data.schema.UtcDateTime(), nullable=False),
    sa.Column('trait_run_id', sa.BigInteger(), nullable=False),
    sa.Column('lake_version', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(length=16), nullable=False),
    sa.Column('settings', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('features', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('sampled', sa.BigInteger(), nullable=False),
    sa.Column('quality', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('bounds', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pipeline_runs.id'], name=op.f('fk_cluster_runs_run_id_pipeline_runs')),
    sa.ForeignKeyConstraint(['trait_run_id'], ['trait_runs.id'], name=op.f('fk_cluster_runs_trait_run_id_trait_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cluster_runs'))
    )
    op.create_table('daily_summaries',
    sa.Column('summary_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('new_people', sa.BigInteger(), nullable=False),
    sa.Column('orders', sa.BigInteger(), nullable=False),
    sa.Column('revenue', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['summary_id'], ['summaries.id'], name=op.f('fk_daily_summaries_summary_id_summaries')),
    sa.PrimaryKeyConstraint('summary_id', 'day', name=op.f('pk_daily_summaries'))
    )
    op.create_table('publications',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('definition_id', sa.BigInteger(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('valid_from', data.schema.UtcDateTime(), nullable=True),
    sa.Column('valid_until', data.schema.UtcDateTime(), nullable=True),
    sa.Column('browser', sa.Boolean(), nullable=False),
    sa.Column('ended_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('ended_as', sa.String(length=16), nullable=True),
    sa.Column('ended_by', sa.String(length=100), nullable=True),
    sa.Column('ended_why', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['definition_id'], ['definitions.id'], name=op.f('fk_publications_definition_id_definitions')),
    sa.ForeignKeyConstraint(['version_id'], ['versions.id'], name=op.f('fk_publications_version_id_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publications'))
    )
    with op.batch_alter_table('publications', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_publications_definition_id_ended_at'), ['definition_id', 'ended_at'], unique=False)

    op.create_table('version_references',
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['versions.id'], name=op.f('fk_version_references_version_id_versions')),
    sa.PrimaryKeyConstraint('version_id', 'kind', 'key', name=op.f('pk_version_references'))
    )
    with op.batch_alter_table('version_references', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_version_references_kind_key'), ['kind', 'key'], unique=False)

    op.create_table('annotations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('cluster_run_id', sa.BigInteger(), nullable=False),
    sa.Column('x', sa.Float(), nullable=False),
    sa.Column('y', sa.Float(), nullable=False),
    sa.Column('text', sa.String(length=400), nullable=False),
    sa.Column('author', sa.String(length=100), nullable=False),
    sa.Column('at', data.schema.UtcDateTime(), nullable=False),
    sa.Column('removed_at', data.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['cluster_run_id'], ['cluster_runs.id'], name=op.f('fk_annotations_cluster_run_id_cluster_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_annotations'))
    )
    op.create_table('clusters',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('colour', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=True),
    sa.Column('sentence', sa.Text(), nullable=True),
    sa.Column('named_by', sa.String(length=100), nullable=True),
    sa.Column('named_at', data.schema.UtcDateTime(), nullable=True),
    sa.Column('first_run_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['first_run_id'], ['cluster_runs.id'], name=op.f('fk_clusters_first_run_id_cluster_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clusters'))
    )
    op.create_table('cluster_members',
    sa.Column('cluster_run_id', sa.BigInteger(), nullable=False),
    sa.Column('label', sa.Integer(), nullable=False),
    sa.Column('cluster_id', sa.BigInteger(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('share', sa.Float(), nullable=False),
    sa.Column('revenue', sa.Float(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('overlap', sa.Float(), nullable=True),
    sa.Column('box', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('effects', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['cluster_id'], ['clusters.id'], name=op.f('fk_cluster_members_cluster_id_clusters')),
    sa.ForeignKeyConstraint(['cluster_run_id'], ['cluster_runs.id'], name=op.f('fk_cluster_members_cluster_run_id_cluster_runs')),
    sa.PrimaryKeyConstraint('cluster_run_id', 'label', name=op.f('pk_cluster_members'))
    )


def downgrade() -> None:
    op.drop_table('cluster_members')
    op.drop_table('clusters')
    op.drop_table('annotations')
    with op.batch_alter_table('version_references', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_version_references_kind_key'))

    op.drop_table('version_references')
    with op.batch_alter_table('publications', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_publications_definition_id_ended_at'))

    op.drop_table('publications')
    op.drop_table('daily_summaries')
    op.drop_table('cluster_runs')
    op.drop_table('versions')
    op.drop_table('trait_runs')
    op.drop_table('summaries')
    op.drop_table('run_steps')
    with op.batch_alter_table('rejections', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rejections_import_id'))

    op.drop_table('rejections')
    with op.batch_alter_table('lake_files', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lake_files_dataset_snapshot_removed_in'))

    op.drop_table('lake_files')
    op.drop_table('workspace_facts')
    with op.batch_alter_table('pipeline_runs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_pipeline_runs_status_queued_at'))

    op.drop_table('pipeline_runs')
    op.drop_table('outbox')
    with op.batch_alter_table('lake_versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lake_versions_dataset_version'))

    op.drop_table('lake_versions')
    op.drop_table('imports')
    op.drop_table('definitions')
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_log_subject'))

    op.drop_table('audit_log')
