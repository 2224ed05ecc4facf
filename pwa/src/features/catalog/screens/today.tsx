/** What to do now: go on reading, finish a test, see what came back. */

import { Page } from "../../../app/page.tsx";
import {
  type Assessment,
  type Attempt,
  type Course,
  isUnread,
  type Lesson,
  type Notification,
  type Progress,
} from "../../../app/rows.ts";
import { hasRole, useEngine, useMe, useRow, useRows } from "../../../app/use.ts";
import { useDownloads } from "../../../media/use.ts";
import { Cover } from "../../../ui/cover.tsx";
import { Empty, Icon, Meter } from "../../../ui/parts.tsx";
import { instant } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { isOpen } from "../../assessments/attempt.ts";
import { CourseCard } from "../parts/course-card.tsx";
import { readPlaces } from "../progress.ts";
import { distinct } from "./courses.tsx";

export function TodayScreen() {
  const me = useMe();
  const name = me?.display_name || me?.full_name.split(" ")[0];
  const wishes = useDownloads().wishes;
  const { rows, isLoading } = useRows<Course>("catalog.courses");
  const courses = distinct(rows);
  const here = courses.filter((course) => course.id in wishes);
  const others = courses.filter((course) => !(course.id in wishes)).slice(0, 2);
  return (
    <Page title={name ? t("today.hello", { name }) : t("today.title")} width="broad">
      <News />
      {hasRole(me, "mentor", "admin", "super_admin") && <Waiting />}
      <OpenAttempts />
      <Continue />
      {here.length > 0 && (
        <section class="stack">
          <h2>{t("courses.here")}</h2>
          <div class="courses">
            {here.map((course) => (
              <CourseCard key={course.id} course={course} />
            ))}
          </div>
        </section>
      )}
      {others.length > 0 && (
        <section class="stack">
          <div class="row apart">
            <h2>{here.length > 0 ? t("today.more") : t("today.begin")}</h2>
            <a class="button quiet" href="/courses">
              {t("today.all")}
            </a>
          </div>
          {here.length === 0 && <p class="soft">{t("today.begin_hint")}</p>}
          <div class="courses">
            {others.map((course) => (
              <CourseCard key={course.id} course={course} />
            ))}
          </div>
        </section>
      )}
      {courses.length === 0 && !isLoading && (
        <Empty icon="book-open" title={t("courses.none")}>
          <p>{t("courses.none_hint")}</p>
        </Empty>
      )}
    </Page>
  );
}

/** The lesson read last on this phone. */
function Continue() {
  const places = readPlaces(useEngine().userId);
  const last = Object.entries(places).sort(([, a], [, b]) => b.at - a.at)[0];
  return last ? <ContinueCard lessonId={last[0]} courseId={last[1].courseId} /> : null;
}

function ContinueCard({ lessonId, courseId }: { lessonId: string; courseId: string }) {
  const lesson = useRow<Lesson>("catalog.lessons", lessonId, `course:${courseId}`).row;
  const course = useRow<Course>("catalog.courses", courseId).row;
  const progress = useRows<Progress>("catalog.progress").rows.find((row) => row.lesson_id === lessonId);
  if (!lesson || !course) return null;
  return (
    <section class="stack">
      <h2>{t("today.continue")}</h2>
      <a class="card continue" href={`/courses/${courseId}/lessons/${lessonId}`}>
        <Cover seed={courseId} />
        <div class="stack tight">
          <p class="soft small">{course.title}</p>
          <p class="strong">{lesson.title}</p>
          <Meter value={progress?.seen_ppm ?? 0} max={1_000_000} label={t("course.progress")} />
        </div>
      </a>
    </section>
  );
}

function OpenAttempts() {
  const own = useRows<Attempt>("assessments.attempts", `user:${useEngine().userId}`).rows.filter(isOpen);
  return (
    <>
      {own.map((attempt) => (
        <OpenAttempt key={attempt.id} attempt={attempt} />
      ))}
    </>
  );
}

function OpenAttempt({ attempt }: { attempt: Attempt }) {
  const test = useRow<Assessment>("assessments.assessments", attempt.assessment_id).row;
  if (!test) return null;
  return (
    <a class="card line" href={`/attempts/${attempt.id}`}>
      <Icon name="graduation-cap" />
      <span class="grow">
        <span class="strong">{t("today.attempt")}</span>
        <br />
        <span class="soft small">{test.title}</span>
      </span>
      <Icon name="chevron-right" />
    </a>
  );
}

function News() {
  const unread = useRows<Notification>("notifications.notifications").rows.filter((row) => isUnread(row));
  const newest = [...unread].sort((a, b) => (instant(b.created_at) ?? 0) - (instant(a.created_at) ?? 0))[0];
  if (!newest) return null;
  return (
    <a class="card line" href="/notifications">
      <Icon name="bell" />
      <span class="grow strong">{tn("today.news", unread.length)}</span>
      <Icon name="chevron-right" />
    </a>
  );
}

function Waiting() {
  return (
    <a class="card line" href="/mentor">
      <Icon name="inbox" />
      <span class="grow strong">{t("today.queue")}</span>
      <Icon name="chevron-right" />
    </a>
  );
}
