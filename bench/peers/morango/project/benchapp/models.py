"""Rows that come down, and records that go up; all in one partition, that of the root certificate."""

from django.db import models
from morango.models.core import SyncableModel

PROFILE = "bench"


class Row(SyncableModel):
    morango_profile = PROFILE
    morango_model_name = "row"

    partition = models.CharField(max_length=32)
    source = models.CharField(max_length=40)
    title = models.TextField()
    words = models.TextField()

    def calculate_source_id(self):
        return self.source

    def calculate_partition(self):
        return f"{self.partition}:rows"


class Record(SyncableModel):
    morango_profile = PROFILE
    morango_model_name = "record"

    partition = models.CharField(max_length=32)
    source = models.CharField(max_length=40)
    lesson = models.IntegerField()
    seen_ppm = models.IntegerField()
    seconds = models.IntegerField()

    def calculate_source_id(self):
        return self.source

    def calculate_partition(self):
        return f"{self.partition}:records"
